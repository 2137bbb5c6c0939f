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
        // Two who have the turn by turns: each ends its own only when the other is in line, and so always waits itself,
        // and goes on from the thread pool.
        const int WarmUp = 10_000;
        var gate = _bench.Gate;
        var first = _bench.EnterAtOnce();
        var (waits, finished) = (0, 0);
        var before = 0L;
        var loops = Array.ConvertAll(new Func<Task>[] { Loop, Loop }, loop => Task.Run(loop, TestContext.Current.CancellationToken));
        Assert.True(Race.Await(() => gate.QueueLength == 2));
        gate.End(first, Outcome.Ok);
        await Task.WhenAll(loops).Bound();
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.Equal(2 * (Turns + WarmUp), waits);
        Assert.True(allocated < Turns, $"{allocated} bytes in {2 * Turns} waits"); // the runtime's own, now and then; not one object each

        async Task Loop()
        {
            var turn = GateBench.NewTurn();
            var lastArrival = -1L;
            Func<bool> otherIsInLine = () => gate.QueueLength == 1 || Volatile.Read(ref finished) > 0;
            for (var i = 0; i < Turns + WarmUp; i++)
            {
                if (i == WarmUp)
                    Interlocked.CompareExchange(ref before, GC.GetTotalAllocatedBytes(precise: true), 0);
                var entered = gate.Enter(turn);
                if (turn.Arrival > lastArrival)
                    Interlocked.Increment(ref waits);
                lastArrival = turn.Arrival;
                await entered;
                if (!Race.Await(otherIsInLine))
                    Assert.Fail("the other did not come");
                gate.End(turn, Outcome.Ok);
            }

            Interlocked.Increment(ref finished);
        }
    }

    private static long AllocatedByThisThread(Action turn) => Allocations.Of(() =>
    {
        for (var i = 0; i < Turns; i++)
            turn();
    });
}
