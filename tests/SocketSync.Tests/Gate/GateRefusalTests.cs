namespace SocketSync.Tests;

public sealed class GateRefusalTests : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);

    private GateBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Theory, InlineData(0), InlineData(1), InlineData(5)]
    public void AFullQueueRefusesAtOnce(int maxQueue)
    {
        Use(GateBench.Patient with { MaxQueue = maxQueue });
        var first = _bench.EnterAtOnce();
        var line = Enumerable.Range(0, maxQueue).Select(_ => _bench.EnterLine()).ToList();

        var refused = GateBench.NewTurn(Priority.High);
        GateBench.AssertAtOnce(Outcome.Busy, _bench.Gate.Enter(refused));

        Assert.Equal(TurnState.Out, refused.State);
        Assert.Equal(maxQueue, _bench.Gate.QueueLength);
        _bench.Gate.End(first, Outcome.Ok);
        Assert.Equal(line, _bench.Drain(line));
        GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(refused));
    }

    [Fact]
    public async Task WhoWaitsTooLongIsRefusedToTheMoment()
    {
        Use(GateBench.Patient with { WaitTimeout = TimeSpan.FromSeconds(30) });
        var first = _bench.EnterAtOnce();
        var (low, high, normal) = (GateBench.NewTurn(Priority.Low), GateBench.NewTurn(Priority.High), GateBench.NewTurn());
        var lowWait = _bench.Enter(low);
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        var highWait = _bench.Enter(high);
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        var normalWait = _bench.Enter(normal);

        _bench.Time.Advance(TimeSpan.FromSeconds(28) - Moment);
        Assert.Equal((TurnState.Waiting, TurnState.Waiting, TurnState.Waiting), (low.State, high.State, normal.State));
        _bench.Time.Advance(Moment);
        Assert.Equal((TurnState.Out, TurnState.Waiting, TurnState.Waiting), (low.State, high.State, normal.State));
        _bench.Time.Advance(TimeSpan.FromSeconds(1) - Moment);
        Assert.Equal((TurnState.Out, TurnState.Waiting, TurnState.Waiting), (low.State, high.State, normal.State));
        _bench.Time.Advance(Moment);
        Assert.Equal((TurnState.Out, TurnState.Out, TurnState.Waiting), (low.State, high.State, normal.State));
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal((TurnState.Out, TurnState.Out, TurnState.Out), (low.State, high.State, normal.State));

        Assert.Equal([Outcome.Busy, Outcome.Busy, Outcome.Busy], await Task.WhenAll(lowWait, highWait, normalWait).Bound());
        Assert.Equal(TurnState.Running, first.State);
        _bench.Gate.End(first, Outcome.Ok);
        _bench.AssertPermitIsWhole();
    }

    [Fact]
    public void TurnsOfOthersDoNotMakeAWaitLonger()
    {
        Use(GateBench.Patient with { WaitTimeout = TimeSpan.FromSeconds(30) });
        var running = _bench.EnterAtOnce();
        var next = _bench.EnterLine(Priority.High);
        var low = _bench.EnterLine(Priority.Low);

        for (var second = 0; second < 30; second++)
        {
            Assert.Equal(TurnState.Waiting, low.State);
            _bench.Time.Advance(TimeSpan.FromSeconds(1));
            if (second % 10 != 9)
                continue;
            _bench.Gate.End(running, Outcome.Ok);
            (running, next) = (next, _bench.EnterLine(Priority.High));
        }

        Assert.Equal(TurnState.Out, low.State);
        Assert.Equal(TurnState.Waiting, next.State);
    }

    [Fact]
    public void AGrantEndsTheWaitForGood()
    {
        Use(GateBench.Patient with { WaitTimeout = TimeSpan.FromSeconds(30) });
        var first = _bench.EnterAtOnce();
        var second = _bench.EnterLine();
        _bench.Time.Advance(TimeSpan.FromSeconds(30) - Moment);

        _bench.Gate.End(first, Outcome.Ok);
        _bench.Time.Advance(TimeSpan.FromMinutes(5));

        Assert.Equal(TurnState.Running, second.State);
    }

    [Fact]
    public void AMetricsListenerThatThrowsCostsNoTurn()
    {
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.SetMeasurementEventCallback<double>((_, _, _, _) => throw new InvalidOperationException("listener"));
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter == _bench.Meter) l.EnableMeasurementEvents(instrument);
        };
        listener.Start();

        var first = _bench.EnterAtOnce();
        var second = _bench.EnterLine();
        _bench.Gate.End(first, Outcome.Ok);
        Assert.Equal(TurnState.Running, second.State);
        _bench.Gate.End(second, Outcome.Ok);
        _bench.AssertPermitIsWhole();
    }

    private void Use(GateOptions options)
    {
        _bench.Dispose();
        _bench = new GateBench(options);
    }
}
