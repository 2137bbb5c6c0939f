using System.Buffers;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

public class SharedResourceTests
{
    private static readonly GateOptions Brief = GateBench.Patient with { TurnTimeout = TimeSpan.FromSeconds(1) };

    [Theory, InlineData(true), InlineData(false)]
    public async Task AProcessorThatThrowsCostsItsRequestAndNoMore(bool neverBlocks)
    {
        var calls = 0;
        using var bench = new ProcessorBench(
            async (_, _) =>
            {
                switch (++calls)
                {
                    case 1: throw new InvalidOperationException("synchronously");
                    case 2:
                        await Task.Yield();
                        throw new InvalidOperationException("asynchronously");
                    case 3: throw new OperationCanceledException("nobody asked for it");
                }
            },
            neverBlocks);

        Assert.Equal(Outcome.Failed, await bench.RequestAsync());
        Assert.Equal(Outcome.Failed, await bench.RequestAsync());
        Assert.Equal(Outcome.Failed, await bench.RequestAsync());
        Assert.Equal(Outcome.Ok, await bench.RequestAsync());
        bench.Bench.AssertPermitIsWhole();

        await bench.Shared.DisposeAsync(); // sums up the second, which was of the first one's type
        Assert.Equal(3, bench.Log.Entries.Count);
        Assert.All(bench.Log.Entries, entry =>
        {
            Assert.Equal(LogLevel.Error, entry.Level);
            Assert.Contains(nameof(AProcessorThatThrowsCostsItsRequestAndNoMore), entry.Exception!.StackTrace, StringComparison.Ordinal);
            Assert.Contains(bench.Turn.Client.Id, entry.Text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public async Task AThrowBeforeTheFirstAwaitOfAPlainMethodIsCaughtToo()
    {
        using var bench = new ProcessorBench((_, _) => throw new InvalidOperationException("no state machine"), neverBlocks: true);
        Assert.Equal(Outcome.Failed, await bench.RequestAsync());
        bench.Bench.AssertPermitIsWhole();
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task ALogThatThrowsCostsNoTurn(bool neverBlocks)
    {
        using var bench = new ProcessorBench((_, _) => throw new InvalidOperationException("processor"), neverBlocks, log: new LogList { Throws = true });
        Assert.Equal(Outcome.Failed, await bench.RequestAsync());
        bench.Bench.AssertPermitIsWhole();
    }

    [Fact]
    public async Task EndingBecauseItWasToldToIsNoFailure()
    {
        using var inside = new ManualResetEventSlim();
        using var left = new ManualResetEventSlim();
        using var bench = new ProcessorBench(
            async (_, cancellationToken) =>
            {
                inside.Set();
                try
                {
                    await Task.Delay(Timeout.Infinite, cancellationToken);
                }
                finally
                {
                    left.Set();
                }
            },
            options: Brief);

        var request = Task.Run(bench.RequestAsync);
        Bounded.Wait(inside);
        bench.Bench.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(Outcome.Timeout, await request.Bound());
        Bounded.Wait(left);
        Assert.True(Race.Await(() => bench.Shared.Gate.GetStatus().Holder is null));
        Assert.Empty(bench.Log.Entries);
        bench.Bench.AssertPermitIsWhole();
    }

    [Fact]
    public async Task AnotherFailureAfterItsTimeIsLoggedButNotTold()
    {
        var inside = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var leave = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var bench = new ProcessorBench(
            async (_, _) =>
            {
                inside.SetResult();
                await leave.Task;
                throw new InvalidOperationException("late");
            },
            options: Brief);

        var request = Task.Run(bench.RequestAsync);
        await inside.Task.Bound();
        bench.Bench.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Outcome.Timeout, await request.Bound());
        Assert.True(bench.Shared.Gate.GetStatus().IsStuck);
        leave.SetResult();

        Assert.True(Race.Await(() => bench.Shared.Gate.GetStatus().Holder is null));
        Assert.Single(bench.Log.Entries);
        bench.Bench.AssertPermitIsWhole();
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task ATurnThatWasOverBeforeItsProcessorGotAThreadIsNotProcessed(bool neverBlocks)
    {
        var calls = 0;
        using var bench = new ProcessorBench((_, _) => { calls++; return default; }, neverBlocks, Brief);
        bench.Client.IsThere = () =>
        {
            bench.Bench.Time.Advance(TimeSpan.FromSeconds(1)); // in the turn, before the processor
            return true;
        };
        var holder = bench.Bench.EnterAtOnce();
        var request = bench.Client.AskAsync(bench.Shared).AsTask();
        bench.Shared.Gate.End(holder, Outcome.Ok);

        Assert.Equal(Outcome.Timeout, await request.Bound());

        Assert.True(Race.Await(() => bench.Shared.Gate.GetStatus().Holder is null));
        Assert.Equal(0, calls);
        bench.Bench.AssertPermitIsWhole();
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task AClientThatHasGoneByTheTimeOfItsTurnIsNotProcessed(bool neverBlocks)
    {
        var calls = 0;
        using var bench = new ProcessorBench((_, _) => { calls++; return default; }, neverBlocks);
        bench.Client.IsThere = () => false;
        var holder = bench.Bench.EnterAtOnce();
        var request = bench.Client.AskAsync(bench.Shared).AsTask();
        bench.Shared.Gate.End(holder, Outcome.Ok);

        Assert.Equal(Outcome.Abandoned, await request.Bound());
        Assert.Equal(0, calls);
        bench.Bench.AssertPermitIsWhole();
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task WhateverThrowsOnTheWayFromTheGrantToTheProcessorTheGateOpensAgain(bool neverBlocks)
    {
        using var bench = new ProcessorBench((_, _) => default, neverBlocks);
        bench.Client.IsThere = () => throw new InvalidOperationException("on purpose");
        var holder = bench.Bench.EnterAtOnce();
        var request = bench.Client.AskAsync(bench.Shared).AsTask();
        bench.Shared.Gate.End(holder, Outcome.Ok);

        Assert.Equal(Outcome.Failed, await request.Bound());
        Assert.Single(bench.Log.Entries);
        bench.Bench.AssertPermitIsWhole();
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task OneThatCannotWaitLeavesTheLineAlsoAtTheMomentOfItsGrant(bool isGranted)
    {
        using var bench = new ProcessorBench((_, _) => default);
        var holder = bench.Bench.EnterAtOnce();
        bench.Client.OnWait = () =>
        {
            if (isGranted)
                bench.Shared.Gate.End(holder, Outcome.Ok);
            throw new InvalidOperationException("on purpose");
        };

        await Assert.ThrowsAsync<InvalidOperationException>(() => bench.Client.AskAsync(bench.Shared).AsTask().Bound());
        if (!isGranted)
            bench.Shared.Gate.End(holder, Outcome.Ok);
        bench.Bench.AssertPermitIsWhole();
    }

    [Fact]
    public async Task OneThatMayBlockDoesSoOffTheCallersThread()
    {
        using var unblock = new ManualResetEventSlim();
        SynchronizationContext? context = null;
        var isPool = false;
        using var bench = new ProcessorBench((_, _) =>
        {
            (context, isPool) = (SynchronizationContext.Current, Thread.CurrentThread.IsThreadPoolThread);
            Bounded.Wait(unblock);
            return default;
        });

        var verdict = bench.Client.AskAsync(bench.Shared).AsTask();

        Assert.False(verdict.IsCompleted);
        unblock.Set();
        Assert.Equal(Outcome.Ok, await verdict.Bound());
        Assert.Same(PoolContext.Instance, context);
        Assert.True(isPool);
    }

    [Fact]
    public void OneThatNeverBlocksRunsOnTheCallersThread()
    {
        var thread = 0;
        using var bench = new ProcessorBench((_, _) => { thread = Environment.CurrentManagedThreadId; return default; }, neverBlocks: true);
        GateBench.AssertAtOnce(Outcome.Ok, bench.Client.AskAsync(bench.Shared));
        Assert.Equal(Environment.CurrentManagedThreadId, thread);
    }

    [Fact]
    public async Task WhatFollowsAnAwaitStaysOnThePoolWhoeverCompletesIt()
    {
        var awaited = new TaskCompletionSource(); // its continuations run where it is completed, unless a context is captured
        var isInside = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        (bool IsPool, int Thread, SynchronizationContext? Context) after = default;
        using var bench = new ProcessorBench(async (_, _) =>
        {
            isInside.SetResult();
            await awaited.Task;
            after = (Thread.CurrentThread.IsThreadPoolThread, Environment.CurrentManagedThreadId, SynchronizationContext.Current);
        });

        var request = Task.Run(bench.RequestAsync);
        await isInside.Task.Bound();
        var other = new Thread(awaited.SetResult);
        other.Start();
        Assert.Equal(Outcome.Ok, await request.Bound());

        Assert.True(after.IsPool);
        Assert.NotEqual(other.ManagedThreadId, after.Thread);
        Assert.Same(PoolContext.Instance, after.Context);
    }

    [Fact]
    public async Task ThePoolsThreadsDoNotKeepTheContext()
    {
        var seen = new TaskCompletionSource<SynchronizationContext?>();
        await Task.Run(SwitchAsync, TestContext.Current.CancellationToken).Bound();
        Assert.Null(await seen.Task.Bound());

        async Task SwitchAsync()
        {
            await Dispatcher.SwitchToPool();
            Assert.Same(PoolContext.Instance, SynchronizationContext.Current);
            ThreadPool.UnsafeQueueUserWorkItem<object?>(_ => seen.SetResult(SynchronizationContext.Current), null, preferLocal: true);
        }
    }

    [Fact]
    public async Task DisposesOfTheProcessorAndClosesTheGate()
    {
        var processor = new Disposed();
        var gate = new GateBench().Gate;
        var shared = new SharedResource("R", new ProcessorRegistration("P", true, (_, _) => processor), processor, gate, new ResourceTelemetry("R", new TurnFeed(), TimeProvider.System), new LogList());
        await shared.DisposeAsync();
        Assert.Equal(1, processor.Count);
        GateBench.AssertAtOnce(Outcome.Unavailable, gate.Enter(GateBench.NewTurn()));
    }

    private sealed class Disposed : IRequestProcessor, IAsyncDisposable, IDisposable
    {
        public int Count { get; private set; }

        public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken) => default;

        public ValueTask DisposeAsync()
        {
            Count++;
            return default;
        }

        public void Dispose() => Count++;
    }
}

[Collection(Alone.Name)]
public class SharedProcessorHammerTests
{
    [Theory, InlineData(true), InlineData(false)]
    public async Task NeverRunsTwiceAtOnce(bool neverBlocks)
    {
        const int Clients = 8;
        const int Requests = 3_000;
        var inside = 0;
        var overlaps = 0;
        var calls = 0;
        using var bench = new ProcessorBench(
            Process, neverBlocks, new GateOptions { TurnTimeout = TimeSpan.FromMilliseconds(2), WaitTimeout = TimeSpan.FromHours(1) }, TimeProvider.System);
        var outcomes = new int[OutcomeNames.Count];

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => Task.Run(ServeAsync))).Bound();

        Assert.Equal(0, overlaps);
        Assert.Equal(Clients * Requests, outcomes[(int)Outcome.Ok] + outcomes[(int)Outcome.Failed] + outcomes[(int)Outcome.Timeout]);
        Assert.True(outcomes[(int)Outcome.Ok] > 0 && outcomes[(int)Outcome.Failed] > 0 && outcomes[(int)Outcome.Timeout] > 0, string.Join(" ", outcomes));
        Assert.True(Race.Await(() => bench.Shared.Gate.GetStatus().Holder is null));
        bench.Bench.AssertPermitIsWhole();

        async ValueTask Process(RequestContext context, CancellationToken cancellationToken)
        {
            var call = calls++; // it needs no lock
            if (Interlocked.Increment(ref inside) != 1)
                Interlocked.Increment(ref overlaps);
            try
            {
                context.Reply.Write(context.Request.FirstSpan);
                if (call % 7 == 1)
                    await Task.Yield();
                if (call % 11 == 2)
                    throw new InvalidOperationException("now and then");
                if (call % 500 != 3)
                    return;
                // Ignores that it is cancelled, for a while.
                while (!cancellationToken.IsCancellationRequested)
                    await Task.Yield();
                for (var i = 0; i < 100; i++)
                    await Task.Yield();
            }
            finally
            {
                Interlocked.Decrement(ref inside);
            }
        }

        async Task ServeAsync()
        {
            var client = bench.NewClient();
            var request = new ReadOnlySequence<byte>(Guid.NewGuid().ToByteArray());
            for (var i = 0; i < Requests; i++)
            {
                client.Request = request;
                var outcome = await bench.Shared.ServeAsync(client, arrivedAt: null);
                await client.Context.CloseAsync();
                Interlocked.Increment(ref outcomes[(int)outcome]);
                if (outcome == Outcome.Ok && !client.Context.ReplyBuffer.Written.Span.SequenceEqual(request.FirstSpan))
                    Assert.Fail("another one's reply");
                if (client.Turn.CompletedEarly)
                    client = bench.NewClient();
                else
                    client.Context.Clear();
            }
        }
    }
}
