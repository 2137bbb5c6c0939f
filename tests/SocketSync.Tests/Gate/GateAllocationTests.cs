namespace SocketSync.Tests;

[Collection(Alone.Name)]
public sealed class GateAllocationTests : IDisposable
{
    private const int Turns = 100_000;

    private readonly GateBench _bench = new(time: TimeProvider.System);

    public void Dispose() => _bench.Dispose();

    [Theory, InlineData("Request"), InlineData("Quiet"), InlineData("Connection")]
    public void AnUncontendedTurnAllocatesNothing(string hold)
    {
        _bench.Gate.Configure(GateBench.Patient with { Hold = Enum.Parse<Hold>(hold) });
        var turn = GateBench.NewTurn();
        Assert.Equal(0, AllocatedByThisThread(() =>
        {
            if (!_bench.IsDecidedAtOnce(turn))
                Assert.Fail("waits");
            _bench.Gate.End(turn, Outcome.Ok);
        }));
    }

    [Fact]
    public void ATurnThatWaitsAllocatesNothing()
    {
        var (running, waiting) = (_bench.EnterAtOnce(), _bench.EnterLine());
        Assert.Equal(0, AllocatedByThisThread(() =>
        {
            _bench.Gate.End(running, Outcome.Ok);
            if (_bench.IsDecidedAtOnce(running))
                Assert.Fail("does not wait");
            (running, waiting) = (waiting, running);
        }));
    }

    [Fact]
    public void WhoLeavesTheLineAllocatesNothing()
    {
        var waiting = GateBench.NewTurn();
        _bench.EnterAtOnce();
        Assert.Equal(0, AllocatedByThisThread(() =>
        {
            if (_bench.IsDecidedAtOnce(waiting))
                Assert.Fail("does not wait");
            _bench.Gate.Leave(waiting);
        }));
    }

    [Fact]
    public void ARefusalAllocatesNothing()
    {
        _bench.Gate.Configure(GateBench.Patient with { MaxQueue = 0 });
        var refused = GateBench.NewTurn();
        _bench.EnterAtOnce();
        Assert.Equal(0, AllocatedByThisThread(() =>
        {
            if (!_bench.IsDecidedAtOnce(refused))
                Assert.Fail("waits");
        }));
    }

    [Fact]
    public async Task NeitherDoesAwaitingIt()
    {
        // Two who have the turn by turns: each always waits for the other, and goes on from the thread pool.
        var gate = _bench.Gate;
        var first = _bench.EnterAtOnce();
        var waits = 0;
        var before = 0L;
        var loops = Enumerable.Range(0, 2).Select(_ => Task.Run(Loop)).ToList();
        Assert.True(Race.Await(() => gate.QueueLength == 2));
        gate.End(first, Outcome.Ok);
        await Task.WhenAll(loops).Bound();
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.True(waits > Turns, $"only {waits} waits"); // both loops together, the warm-up left out
        Assert.True(allocated < Turns / 2, $"{allocated} bytes in {waits} waits"); // the pool's own, now and then; not one object each

        async Task Loop()
        {
            var turn = GateBench.NewTurn();
            for (var i = 0; i < Turns; i++)
            {
                if (i == 10_000)
                    Interlocked.CompareExchange(ref before, GC.GetTotalAllocatedBytes(precise: true), 0);
                var entered = gate.Enter(turn);
                if (!entered.IsCompleted && i >= 10_000)
                    Interlocked.Increment(ref waits);
                await entered;
                gate.End(turn, Outcome.Ok);
            }
        }
    }

    private static long AllocatedByThisThread(Action turn)
    {
        for (var i = 0; i < 1_000; i++)
            turn();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Turns; i++)
            turn();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
