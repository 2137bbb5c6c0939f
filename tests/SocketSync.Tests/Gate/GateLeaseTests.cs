namespace SocketSync.Tests;

public sealed class GateLeaseTests : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan QuietTime = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MaxHold = TimeSpan.FromMinutes(5);

    private static readonly GateOptions Quiet = GateBench.Patient with { Hold = Hold.Quiet, QuietTime = QuietTime, MaxHold = MaxHold };
    private static readonly GateOptions Connection = Quiet with { Hold = Hold.Connection };

    private GateBench _bench = new(Quiet);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void QuietEndsWhenTheClientHasBeenSilent()
    {
        var (holder, next) = (Leased(), _bench.EnterLine());

        _bench.Time.Advance(QuietTime - Moment);
        Assert.Equal((TurnState.Leased, TurnState.Waiting), (holder.State, next.State));
        _bench.Time.Advance(Moment);
        Assert.Equal((TurnState.Out, TurnState.Running), (holder.State, next.State));
        Assert.False(holder.LeaseLost);
    }

    [Fact]
    public void QuietCountsFromTheEndOfTheRequest()
    {
        var holder = _bench.EnterAtOnce();
        _bench.Time.Advance(TimeSpan.FromSeconds(9));
        _bench.Gate.End(holder, Outcome.Ok);

        _bench.Time.Advance(QuietTime - Moment);
        Assert.Equal(TurnState.Leased, holder.State);
        _bench.Time.Advance(Moment);
        Assert.Equal(TurnState.Out, holder.State);
        _bench.AssertPermitIsWhole();
    }

    [Fact]
    public void APartOfARequestIsNoSilence()
    {
        var (holder, next) = (Leased(), _bench.EnterLine());
        for (var i = 0; i < 10; i++)
        {
            _bench.Time.Advance(QuietTime - Moment);
            _bench.Gate.Touch(holder);
        }

        Assert.Equal(TurnState.Leased, holder.State);
        _bench.Gate.Touch(next); // not the holder: means nothing
        _bench.Time.Advance(QuietTime);
        Assert.Equal((TurnState.Out, TurnState.Running), (holder.State, next.State));
        _bench.Gate.Touch(holder);
        Assert.Equal(TurnState.Out, holder.State);
    }

    [Fact]
    public void TheHolderGoesOnBeforeAllWhoWait()
    {
        var (holder, next) = (Leased(), _bench.EnterLine(Priority.High));
        for (var i = 0; i < 20; i++)
        {
            _bench.Time.Advance(QuietTime - Moment);
            GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(holder));
            Assert.Equal(TurnState.Running, holder.State);
            _bench.Time.Advance(QuietTime * 2); // a request is no silence
            Assert.Equal(TurnState.Running, holder.State);
            _bench.Gate.End(holder, i % 2 == 0 ? Outcome.Ok : Outcome.Failed);
        }

        Assert.Equal((TurnState.Leased, TurnState.Waiting), (holder.State, next.State));
        _bench.Time.Advance(QuietTime);
        Assert.Equal((TurnState.Out, TurnState.Running), (holder.State, next.State));
    }

    [Fact]
    public void AfterItsLeaseAClientQueuesLikeAnybody()
    {
        var (holder, next) = (Leased(), _bench.EnterLine());
        _bench.Time.Advance(QuietTime);

        _ = _bench.Enter(holder);

        Assert.Equal((TurnState.Waiting, TurnState.Running), (holder.State, next.State));
    }

    [Fact]
    public void ConnectionKeepsTheTurnThroughAnySilence()
    {
        Use(Connection);
        var (holder, next) = (Leased(), _bench.EnterLine());

        _bench.Time.Advance(MaxHold - Moment);
        Assert.Equal((TurnState.Leased, TurnState.Waiting), (holder.State, next.State));
        GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(holder));
    }

    [Theory, InlineData("Quiet"), InlineData("Connection")]
    public void LeavingEndsALeaseAtOnce(string hold)
    {
        Use(hold == "Quiet" ? Quiet : Connection);
        var (holder, next) = (Leased(), _bench.EnterLine());

        _bench.Gate.Leave(holder);

        Assert.Equal((TurnState.Out, TurnState.Running), (holder.State, next.State));
    }

    [Theory, InlineData("Quiet"), InlineData("Connection")]
    public void WhoLeavesDuringItsRequestKeepsNoLease(string hold)
    {
        Use(hold == "Quiet" ? Quiet : Connection);
        var (holder, next) = (_bench.EnterAtOnce(), _bench.EnterLine());

        _bench.Gate.Leave(holder);
        Assert.Equal(TurnState.Running, holder.State);
        _bench.Gate.End(holder, Outcome.Ok);

        Assert.Equal((TurnState.Out, TurnState.Running), (holder.State, next.State));
    }

    [Theory, InlineData("Quiet"), InlineData("Connection")]
    public void MaxHoldEndsALeaseBetweenTwoRequestsAndTellsOnce(string hold)
    {
        var calls = 0;
        Turn? holder = null;
        Use((hold == "Quiet" ? Quiet : Connection) with { QuietTime = TimeSpan.FromHours(1) });
        // The gate may be entered from the callback, from another thread too: it is called outside the lock.
        holder = Leased(() =>
        {
            calls++;
            var other = new Thread(() => _bench.Gate.GetStatus());
            other.Start();
            Assert.True(other.Join(TimeSpan.FromSeconds(30)), "the callback is called under the gate's lock");
            _bench.Gate.Leave(holder!);
            _ = _bench.Enter(GateBench.NewTurn());
        });
        var next = _bench.EnterLine();

        _bench.Time.Advance(MaxHold - Moment);
        Assert.Equal((TurnState.Leased, 0), (holder.State, calls));
        _bench.Time.Advance(Moment);
        Assert.Equal((TurnState.Out, TurnState.Running), (holder.State, next.State));
        Assert.True(holder.LeaseLost);
        Assert.Equal((1, 1), (calls, _bench.Gate.QueueLength));
        _bench.Time.Advance(Moment);
        Assert.Equal(1, calls);
    }

    [Theory, InlineData("Quiet"), InlineData("Connection")]
    public async Task MaxHoldEndsALeaseInsideARequest(string hold)
    {
        var calls = 0;
        Use(hold == "Quiet" ? Quiet : Connection);
        var holder = Leased(() => calls++);
        for (var held = TimeSpan.Zero; held < MaxHold - QuietTime; held += QuietTime / 2)
        {
            _bench.Time.Advance(QuietTime / 2);
            GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(holder));
            _bench.Gate.End(holder, Outcome.Ok);
        }

        GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(holder));
        var verdict = holder.Verdict.Task.AsTask();
        var next = _bench.EnterLine();
        _bench.Time.Advance(QuietTime);

        Assert.Equal(Outcome.Timeout, await verdict.Bound());
        Assert.Equal((TurnState.Overdue, TurnState.Waiting), (holder.State, next.State));
        Assert.True(holder.LeaseLost);
        Assert.True(holder.Cancelled.IsCancellationRequested);
        _bench.Gate.End(holder, Outcome.Ok);
        Assert.Equal((TurnState.Out, TurnState.Running), (holder.State, next.State));
        Assert.Equal(0, calls); // told by its verdict
    }

    [Fact]
    public void ATurnTimeoutInALeaseIsNotTheEndOfItsHold()
    {
        Use(Connection with { TurnTimeout = TimeSpan.FromSeconds(10) });
        var holder = Leased();
        GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(holder));

        _bench.Time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal((TurnState.Overdue, false), (holder.State, holder.LeaseLost));
        _bench.Gate.End(holder, Outcome.Ok);
        Assert.Equal(TurnState.Out, holder.State);
    }

    [Fact]
    public void MaxHoldBindsNobodyWithoutALease()
    {
        Use(Quiet with { Hold = Hold.Request, MaxHold = TimeSpan.FromSeconds(1) });
        var turn = _bench.EnterAtOnce();
        _bench.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(TurnState.Running, turn.State);
    }

    [Fact]
    public void NewSettingsHoldFromTheNextTurnOn()
    {
        Use(Quiet with { MaxQueue = 1, WaitTimeout = TimeSpan.FromHours(1) });
        var (holder, next) = (Leased(), _bench.EnterLine());

        _bench.Gate.Configure(GateBench.Patient with { MaxQueue = 2, TurnTimeout = TimeSpan.FromSeconds(1), QuietTime = TimeSpan.FromHours(1) });
        _bench.EnterLine();
        GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(holder));
        _bench.Time.Advance(TimeSpan.FromSeconds(2)); // the turn in hand is under the old ones
        Assert.Equal(TurnState.Running, holder.State);
        _bench.Gate.End(holder, Outcome.Ok);
        Assert.Equal(TurnState.Leased, holder.State);
        _bench.Time.Advance(QuietTime);

        Assert.Equal((TurnState.Out, TurnState.Running), (holder.State, next.State));
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TurnState.Overdue, next.State);
    }

    [Fact]
    public void AShorterWaitTimeoutHoldsForThoseInLineToo()
    {
        var (_, next) = (_bench.EnterAtOnce(), _bench.EnterLine());
        _bench.Gate.Configure(Quiet with { WaitTimeout = TimeSpan.FromSeconds(5) });
        _bench.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TurnState.Out, next.State);
    }

    private Turn Leased(Action? leaseLost = null)
    {
        var turn = GateBench.NewTurn(leaseLost: leaseLost);
        GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(turn));
        _bench.Gate.End(turn, Outcome.Ok);
        Assert.Equal(TurnState.Leased, turn.State);
        return turn;
    }

    private void Use(GateOptions options)
    {
        _bench.Dispose();
        _bench = new GateBench(options);
    }
}
