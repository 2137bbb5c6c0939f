using System.Collections.Concurrent;
using System.Diagnostics;

namespace SocketSync.Tests;

public sealed class LeaseTimersTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public void TimersRingInTheOrderInWhichTheyAreDue()
    {
        var rung = new BlockingCollection<int>();
        var timers = new[] { 60, 20, 40 }.Select(due => LeaseTimers.Shared.CreateTimer(_ => rung.Add(due), null, TimeSpan.FromMilliseconds(due), Timeout.InfiniteTimeSpan)).ToList();
        Assert.Equal([20, 40, 60], Enumerable.Range(0, 3).Select(_ => Take(rung)));
        foreach (var timer in timers) timer.Dispose();
    }

    [Fact]
    public void ATimerThatIsSetAnewOrDisposedOfDoesNotRingAsItWouldHave()
    {
        var rung = new BlockingCollection<string>();
        // Far enough from now that neither rings before it is changed, however busy the machine is.
        using var moved = LeaseTimers.Shared.CreateTimer(_ => rung.Add("moved"), null, TimeSpan.FromSeconds(2), Timeout.InfiniteTimeSpan);
        var disposed = LeaseTimers.Shared.CreateTimer(_ => rung.Add("disposed"), null, TimeSpan.FromSeconds(2), Timeout.InfiniteTimeSpan);
        var watch = Stopwatch.StartNew();
        moved.Change(TimeSpan.FromSeconds(2.5), Timeout.InfiniteTimeSpan);
        disposed.Dispose();
        Assert.Equal("moved", Take(rung));
        Assert.True(watch.Elapsed >= TimeSpan.FromSeconds(2.5), "later");
        Assert.Empty(rung);
    }

    /// <summary>Processors that may block can take all its threads.</summary>
    [Fact]
    public async Task ADelayEndsWithoutTheThreadPool()
    {
        var continued = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() => WaitAsync().Observe());
        thread.Start();
        Assert.False(await continued.Task.WaitAsync(Patience, TestContext.Current.CancellationToken), "it continued on the pool");

        async Task WaitAsync()
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), LeaseTimers.Shared);
            continued.SetResult(Thread.CurrentThread.IsThreadPoolThread);
        }
    }

    private static T Take<T>(BlockingCollection<T> from) => from.TryTake(out var item, Patience) ? item : throw new TimeoutException("it does not ring");
}
