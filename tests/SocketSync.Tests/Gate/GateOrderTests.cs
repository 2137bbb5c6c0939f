namespace SocketSync.Tests;

public sealed class GateOrderTests : IDisposable
{
    private readonly GateBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void WhoComesToAnIdleGateIsGrantedAtOnce() => _bench.AssertPermitIsWhole();

    [Fact]
    public void TurnsGoByClassThenByArrival()
    {
        var first = _bench.EnterAtOnce();
        var line = Enter(Priority.Low, Priority.Normal, Priority.High, Priority.Normal, Priority.High, Priority.Low);

        _bench.Gate.End(first, Outcome.Ok);

        Assert.Equal([line[2], line[4], line[1], line[3], line[0], line[5]], _bench.Drain(line));
        _bench.AssertPermitIsWhole();
    }

    [Fact]
    public void SevenMayPassTheOldestByAndTheEighthTurnIsItsOwn()
    {
        var first = _bench.EnterAtOnce();
        var line = Enter([Priority.Low, Priority.Low, .. Enumerable.Repeat(Priority.High, 20)]);

        _bench.Gate.End(first, Outcome.Ok);

        var classes = string.Concat(_bench.Drain(line).Select(turn => turn.Priority.ToString()[0]));
        Assert.Equal("HHHHHHHLHHHHHHHLHHHHHH", classes);
    }

    [Fact]
    public void WhoLeavesTheLineIsSkippedAndTheOthersKeepTheirPlaces()
    {
        var first = _bench.EnterAtOnce();
        var line = Enter(Priority.Normal, Priority.Normal, Priority.Normal, Priority.Normal);

        _bench.Gate.Leave(line[0]);
        _bench.Gate.Leave(line[2]);
        _bench.Gate.Leave(line[2]);
        _bench.Gate.End(first, Outcome.Ok);

        Assert.Equal([line[1], line[3]], _bench.Drain(line));
        _bench.AssertPermitIsWhole();
    }

    [Fact]
    public async Task EachWaitCompletesWithWhatCameOfIt()
    {
        var first = _bench.EnterAtOnce();
        var granted = _bench.Enter(GateBench.NewTurn());
        var leaving = GateBench.NewTurn();
        var left = _bench.Enter(leaving);
        Assert.False(granted.IsCompleted);

        _bench.Gate.Leave(leaving);
        _bench.Gate.End(first, Outcome.Ok);

        Assert.Equal(Outcome.Abandoned, await left.Bound());
        Assert.Equal(Outcome.Ok, await granted.Bound());
    }

    [Fact]
    public void TheSameTurnIsUsedAgainAndAgain()
    {
        var turns = new[] { GateBench.NewTurn(), GateBench.NewTurn(), GateBench.NewTurn() };
        Assert.Equal([true, false, false], turns.Select(turn => _bench.IsDecidedAtOnce(turn)));
        for (var i = 0; i < 100_000; i++)
        {
            var running = turns[i % 3];
            Assert.Equal(TurnState.Running, running.State);
            _bench.Gate.End(running, Outcome.Ok);
            Assert.False(_bench.IsDecidedAtOnce(running));
        }
    }

    [Fact]
    public void ARunningTurnGoesOnWhenItsClientLeaves()
    {
        var first = _bench.EnterAtOnce();
        var second = _bench.EnterLine();

        _bench.Gate.Leave(first);

        Assert.Equal(TurnState.Running, first.State);
        Assert.Equal(TurnState.Waiting, second.State);
        Assert.False(first.Cancelled.IsCancellationRequested);
        _bench.Gate.End(first, Outcome.Ok);
        Assert.Equal(TurnState.Running, second.State);
    }

    [Fact]
    public void StatusTellsWhoHoldsAndWhoWaitsForHowLong()
    {
        var first = _bench.EnterAtOnce();
        _bench.Time.Advance(TimeSpan.FromSeconds(3));
        _bench.EnterLine(Priority.Low);
        _bench.Time.Advance(TimeSpan.FromSeconds(2));
        _bench.EnterLine(Priority.High);
        _bench.Time.Advance(TimeSpan.FromSeconds(1));

        var expected = new GateStatus(2, 256, TimeSpan.FromSeconds(3), first.Client, TimeSpan.FromSeconds(6), IsStuck: false, IsPaused: false);
        Assert.Equal(expected, _bench.Gate.GetStatus());
        Assert.Equal(2, _bench.Gate.QueueLength);
    }

    private Turn[] Enter(params Priority[] classes)
    {
        var turns = Array.ConvertAll(classes, priority => GateBench.NewTurn(priority));
        foreach (var turn in turns)
            _ = _bench.Enter(turn);
        return turns;
    }
}
