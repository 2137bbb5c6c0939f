namespace SocketSync.Tests;

/// <summary>
/// The rules of <see cref="Dispatcher"/> that need no I/O thread; those that do are tested from outside. Rule 2 (yielding): the flood
/// and abuse tests. Rule 5 (inline): <see cref="InlineContinuationsTests"/>.
/// </summary>
public sealed class DispatcherTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Rule 6: code that is started under a lock leaves it before it does anything.</summary>
    [Fact]
    public async Task HopToPoolNeverContinuesInsideTheCall()
    {
        var sync = new Lock();
        for (var i = 0; i < 1000; i++)
        {
            Task started;
            var isInside = true;
            lock (sync)
            {
                started = StartAsync();
                isInside = false;
            }

            await started;

            async Task StartAsync()
            {
                await Dispatcher.HopToPool();
                lock (sync) // held by the caller until its call has returned
                    Assert.False(isInside);
                Assert.True(Thread.CurrentThread.IsThreadPoolThread);
            }
        }
    }

    /// <summary>Rule 4: off the pool it is a hop to the pool, on the pool nothing.</summary>
    [Fact]
    public async Task LeaveIoThreadHopsOnlyFromOtherThreads()
    {
        Assert.True(await Task.Run(() => Dispatcher.LeaveIoThread().IsCompleted, Cancellation));
        Assert.True(await OnOwnThread(async () =>
        {
            Assert.False(Dispatcher.LeaveIoThread().IsCompleted);
            await Dispatcher.LeaveIoThread();
            return Thread.CurrentThread.IsThreadPoolThread;
        }));
    }

    /// <summary>Rule 3: whatever a processor awaits, and wherever that completes, its code goes on on the pool.</summary>
    [Fact]
    public async Task SwitchToPoolKeepsWhatFollowsOnThePool()
    {
        var completes = new TaskCompletionSource(); // inline: the thread that completes it would continue it
        var isWaiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var processor = Task.Run(async () =>
        {
            await Dispatcher.SwitchToPool();
            isWaiting.SetResult();
            await completes.Task;
            return Thread.CurrentThread.IsThreadPoolThread;
        }, Cancellation);
        await isWaiting.Task;
        await OnOwnThread(() =>
        {
            completes.SetResult();
            return Task.FromResult(true);
        });
        Assert.True(await processor);
    }

    /// <summary>Rule 3: the context is the processor's alone; whoever runs next on that thread does not have it.</summary>
    [Fact]
    public async Task ThePoolContextStaysWithItsProcessor()
    {
        await Task.Run(async () =>
        {
            await Dispatcher.SwitchToPool();
            Assert.Same(PoolContext.Instance, SynchronizationContext.Current);
        }, Cancellation);
        for (var i = 0; i < 1000; i++) Assert.Null(await Task.Run(() => SynchronizationContext.Current, Cancellation));
    }

    /// <summary>Rule 2: on the pool yielding is never a call inside the call.</summary>
    [Fact]
    public async Task YieldContinuesLater() => await Task.Run(async () =>
    {
        var isInside = true;
        var done = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Dispatcher.Yield().UnsafeOnCompleted(() => done.SetResult(Volatile.Read(ref isInside)));
        Volatile.Write(ref isInside, false);
        await done.Task;
        Assert.False(Dispatcher.Yield().IsCompleted);
    }, Cancellation);

    private static Task<T> OnOwnThread<T>(Func<Task<T>> code)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => RunAsync().Observe()) { IsBackground = true }.Start();
        return result.Task;

        async Task RunAsync()
        {
            try
            {
                result.SetResult(await code());
            }
            catch (Exception e)
            {
                result.SetException(e);
            }
        }
    }
}
