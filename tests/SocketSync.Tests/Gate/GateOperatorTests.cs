namespace SocketSync.Tests;

public sealed class GateOperatorTests : IDisposable
{
    private GateBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void PausedTheTurnInHandEndsAndNobodyIsNext()
    {
        var holder = _bench.EnterAtOnce();
        var waiting = _bench.EnterLine();
        _bench.Gate.Pause();
        Assert.Same(holder.Client, _bench.Gate.GetStatus().Holder);

        _bench.Gate.End(holder, Outcome.Ok);

        var status = _bench.Gate.GetStatus();
        Assert.True(status.IsPaused);
        Assert.Null(status.Holder);
        Assert.Equal(TurnState.Waiting, waiting.State);
        _bench.EnterLine(); // also one who finds nobody inside
        Assert.Equal(2, _bench.Gate.QueueLength);
    }

    [Fact]
    public void ResumedThoseWhoWaitAreServedInTheirOrder()
    {
        _bench.Gate.Pause();
        _bench.Gate.Pause();
        Turn[] turns = [_bench.EnterLine(Priority.Low), _bench.EnterLine(), _bench.EnterLine(Priority.High)];

        _bench.Gate.Resume();
        _bench.Gate.Resume();

        Assert.False(_bench.Gate.GetStatus().IsPaused);
        Assert.Equal([turns[2], turns[1], turns[0]], _bench.Drain(turns));
        _bench.AssertPermitIsWhole();
    }

    [Fact]
    public void ResumedDuringATurnNobodyElseIsGrantedOne()
    {
        var holder = _bench.EnterAtOnce();
        var waiting = _bench.EnterLine();
        _bench.Gate.Pause();
        _bench.Gate.Resume();
        Assert.Equal(TurnState.Waiting, waiting.State);
        _bench.Gate.End(holder, Outcome.Ok);
        Assert.Equal(TurnState.Running, waiting.State);
    }

    [Fact]
    public async Task PausedTheLineKeepsItsLimits()
    {
        Use(GateBench.Patient with { MaxQueue = 1, WaitTimeout = TimeSpan.FromSeconds(5) });
        _bench.Gate.Pause();
        var waiting = GateBench.NewTurn();
        var wait = _bench.Enter(waiting);
        GateBench.AssertAtOnce(Outcome.Busy, _bench.Gate.Enter(GateBench.NewTurn()));
        _bench.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(Outcome.Busy, await wait.Bound());
    }

    [Fact]
    public void PausedALeaseGoesOnUntilItEnds()
    {
        Use(GateBench.Patient with { Hold = Hold.Connection });
        var holder = _bench.EnterAtOnce();
        _bench.Gate.End(holder, Outcome.Ok);
        var waiting = _bench.EnterLine();
        _bench.Gate.Pause();

        GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(holder));
        _bench.Gate.End(holder, Outcome.Ok);
        Assert.Same(holder.Client, _bench.Gate.GetStatus().Holder);

        _bench.Gate.Leave(holder);
        Assert.Null(_bench.Gate.GetStatus().Holder);
        Assert.Equal(TurnState.Waiting, waiting.State);
    }

    [Fact]
    public void ClosedItRefusesAlsoThoseWhoWaitForItToBeResumed()
    {
        _bench.Gate.Pause();
        var waiting = GateBench.NewTurn();
        var wait = _bench.Gate.Enter(waiting);
        _bench.Gate.Close();
        GateBench.AssertAtOnce(Outcome.Unavailable, wait);
        _bench.Gate.Resume();
        Assert.Null(_bench.Gate.GetStatus().Holder);
    }

    [Fact]
    public async Task OneInLineIsExpelledUnprocessed()
    {
        var holder = _bench.EnterAtOnce();
        var waiting = GateBench.NewTurn();
        var wait = _bench.Enter(waiting);
        _bench.Gate.Evict(waiting);
        Assert.Equal(Outcome.Abandoned, await wait.Bound());
        _bench.Gate.End(holder, Outcome.Ok);
        GateBench.AssertAtOnce(Outcome.Abandoned, _bench.Gate.Enter(waiting));
        _bench.AssertPermitIsWhole();
    }

    [Fact]
    public async Task TheOneInHandIsExpelledAsByTurnTimeout()
    {
        var holder = _bench.EnterAtOnce();
        var verdict = holder.Verdict.Task.AsTask();
        var waiting = _bench.EnterLine();

        _bench.Gate.Evict(holder);

        Assert.Equal(Outcome.Timeout, await verdict.Bound());
        Assert.True(holder.Cancelled.IsCancellationRequested);
        Assert.True(holder.LeaseLost);
        Assert.Equal(TurnState.Waiting, waiting.State); // its processor is still inside
        _bench.Gate.End(holder, Outcome.Ok);
        Assert.Equal(TurnState.Running, waiting.State);
        Assert.False(waiting.Cancelled.IsCancellationRequested);
    }

    [Fact]
    public void ALeaseEndsWithItsExpelledHolder()
    {
        Use(GateBench.Patient with { Hold = Hold.Connection });
        var told = 0;
        var holder = GateBench.NewTurn(leaseLost: () => told++);
        GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(holder));
        _bench.Gate.End(holder, Outcome.Ok);
        var waiting = _bench.EnterLine();

        _bench.Gate.Evict(holder);
        _bench.Gate.Evict(holder);

        Assert.Equal(1, told);
        Assert.True(holder.LeaseLost);
        Assert.Equal(TurnState.Running, waiting.State);
    }

    private void Use(GateOptions options)
    {
        _bench.Dispose();
        _bench = new GateBench(options);
    }
}
