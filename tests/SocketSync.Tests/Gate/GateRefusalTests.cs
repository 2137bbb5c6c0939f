using System.Net;

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

        var refused = GateBench.NewTurn();
        GateBench.AssertAtOnce(Outcome.Busy, _bench.Gate.Enter(refused));
        GateBench.AssertAtOnce(Outcome.Busy, _bench.Gate.Enter(GateBench.NewTurn(Priority.Low)));

        Assert.Equal(TurnState.Out, refused.State);
        Assert.Equal(maxQueue, _bench.Gate.QueueLength);
        _bench.Gate.End(first, Outcome.Ok);
        Assert.Equal(line, _bench.Drain(line));
        GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(refused));
    }

    [Fact]
    public async Task AHigherClassTakesThePlaceOfTheYoungestOfTheLowestThatWaits()
    {
        Use(GateBench.Patient with { MaxQueue = 4 });
        var holder = _bench.EnterAtOnce();
        var (old, young) = (GateBench.NewTurn(Priority.Low), GateBench.NewTurn(Priority.Low));
        var (oldWait, youngWait) = (_bench.Enter(old), _bench.Enter(young));
        var (normal, high) = (_bench.EnterLine(), _bench.EnterLine(Priority.High));

        var second = _bench.EnterLine(Priority.High);
        Assert.Equal(Outcome.Busy, await youngWait.Bound());
        Assert.False(oldWait.IsCompleted);
        var third = _bench.EnterLine(Priority.High);
        Assert.Equal(Outcome.Busy, await oldWait.Bound());
        var fourth = _bench.EnterLine(Priority.High);
        Assert.Equal(TurnState.Out, normal.State);
        GateBench.AssertAtOnce(Outcome.Busy, _bench.Gate.Enter(GateBench.NewTurn(Priority.High))); // nobody lower is left

        _bench.Gate.End(holder, Outcome.Ok);
        Assert.Equal([high, second, third, fourth], _bench.Drain([high, second, third, fourth]));
        _bench.AssertPermitIsWhole();
    }

    [Fact]
    public void ManyOfALowClassDoNotShutAHigherOneOut()
    {
        Use(GateBench.Patient with { MaxQueue = 10 });
        var holder = _bench.EnterAtOnce();
        for (var i = 0; i < 400; i++)
        {
            var low = GateBench.NewTurn(Priority.Low);
            _bench.IsDecidedAtOnce(low);
        }

        var high = Enumerable.Range(0, 10).Select(_ => _bench.EnterLine(Priority.High)).ToList();
        _bench.Gate.End(holder, Outcome.Ok);
        Assert.Equal(high, _bench.Drain(high));
    }

    [Fact]
    public void OneAddressHasOnlySoManyPlaces()
    {
        Use(GateBench.Patient with { MaxQueuePerAddress = 2 });
        var (one, other) = (new IPEndPoint(IPAddress.Loopback, 1), new IPEndPoint(IPAddress.Parse("127.0.0.2"), 1));
        var holder = GateBench.NewTurn(client: one);
        GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(holder)); // a turn is no place in line
        Turn[] ones = [GateBench.NewTurn(client: one), GateBench.NewTurn(client: one)];
        Turn[] others = [GateBench.NewTurn(client: other), GateBench.NewTurn(client: other)];
        Turn[] unix = [GateBench.NewTurn(), GateBench.NewTurn(), GateBench.NewTurn()];
        Assert.All([.. ones, .. others, .. unix], turn => Assert.False(_bench.IsDecidedAtOnce(turn)));

        // Whatever its class: it is the address that has its share.
        GateBench.AssertAtOnce(Outcome.Busy, _bench.Gate.Enter(GateBench.NewTurn(Priority.High, client: one)));

        _bench.Gate.Leave(ones[0]);
        var again = GateBench.NewTurn(client: one);
        Assert.False(_bench.IsDecidedAtOnce(again));
        _bench.Gate.End(holder, Outcome.Ok);
        Assert.Equal([ones[1], .. others, .. unix, again], _bench.Drain([ones[1], .. others, .. unix, again]));
    }

    [Fact]
    public void ALimitForEachAddressThatComesLaterKnowsWhoWaitsAlready()
    {
        var client = new IPEndPoint(IPAddress.Loopback, 1);
        var holder = _bench.EnterAtOnce();
        Turn[] line = [GateBench.NewTurn(client: client), GateBench.NewTurn(client: client)];
        Assert.All(line, turn => Assert.False(_bench.IsDecidedAtOnce(turn)));

        _bench.Gate.Configure(GateBench.Patient with { MaxQueuePerAddress = 2 });
        GateBench.AssertAtOnce(Outcome.Busy, _bench.Gate.Enter(GateBench.NewTurn(client: client)));

        _bench.Gate.End(holder, Outcome.Ok);
        Assert.Equal(line, _bench.Drain(line));
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
