namespace SocketSync.Tests;

public sealed class GateCloseTests : IDisposable
{
    private GateBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task RefusesThoseWhoWaitAndOverrulesTheOneInHand()
    {
        var running = _bench.EnterAtOnce();
        var verdict = running.Verdict.Task.AsTask();
        var waits = new[] { _bench.Enter(GateBench.NewTurn()), _bench.Enter(GateBench.NewTurn(Priority.High)) };

        _bench.Gate.Close();

        Assert.Equal([Outcome.Unavailable, Outcome.Unavailable], await Task.WhenAll(waits).Bound());
        Assert.Equal(Outcome.Unavailable, await verdict.Bound());
        Assert.True(running.Cancelled.IsCancellationRequested);
        Assert.True(running.CompletedEarly);
        Assert.Equal(TurnState.Overdue, running.State); // its processor is still inside
        Assert.Same(running.Client, _bench.Gate.GetStatus().Holder);
    }

    [Fact]
    public async Task GrantsNothingAfterwards()
    {
        var running = _bench.EnterAtOnce();
        _bench.EnterLine();
        _bench.Gate.Close();

        GateBench.AssertAtOnce(Outcome.Unavailable, _bench.Gate.Enter(GateBench.NewTurn()));
        _bench.Time.Advance(TimeSpan.FromDays(2));
        _bench.Gate.End(running, Outcome.Ok);
        Assert.Equal(Outcome.Unavailable, await running.Verdict.Task.Bound());
        GateBench.AssertAtOnce(Outcome.Unavailable, _bench.Gate.Enter(GateBench.NewTurn()));
        GateBench.AssertAtOnce(Outcome.Unavailable, _bench.Gate.Enter(running));
        Assert.Null(_bench.Gate.GetStatus().Holder);
        Assert.Equal(0, _bench.Gate.QueueLength);
    }

    [Fact]
    public void ReleasesALease()
    {
        _bench.Dispose();
        _bench = new GateBench(GateBench.Patient with { Hold = Hold.Connection });
        var holder = _bench.EnterAtOnce();
        _bench.Gate.End(holder, Outcome.Ok);
        Assert.Equal(TurnState.Leased, holder.State);

        _bench.Gate.Close();

        Assert.Equal(TurnState.Out, holder.State);
        GateBench.AssertAtOnce(Outcome.Unavailable, _bench.Gate.Enter(holder));
        _bench.Gate.Leave(holder);
        Assert.Null(_bench.Gate.GetStatus().Holder);
    }

    [Fact]
    public async Task KeepsTheVerdictOfATurnThatWasOverdueBefore()
    {
        _bench.Dispose();
        _bench = new GateBench(GateBench.Patient with { TurnTimeout = TimeSpan.FromSeconds(1) });
        var late = _bench.EnterAtOnce();
        _bench.Time.Advance(TimeSpan.FromSeconds(1));

        _bench.Gate.Close();
        _bench.Gate.Close();

        Assert.Equal(Outcome.Timeout, await late.Verdict.Task.Bound());
        _bench.Gate.End(late, Outcome.Ok);
    }
}
