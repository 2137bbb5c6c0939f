namespace SocketSync.Tests;

public sealed class GateTurnTimeoutTests : IDisposable
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private readonly GateBench _bench = new(GateBench.Patient with { TurnTimeout = Limit });

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task IsToldAtOnceWhileTheGateStaysShutUntilTheProcessorHasLeft()
    {
        var late = _bench.EnterAtOnce();
        var verdict = late.Verdict.Task.AsTask();
        var next = _bench.EnterLine();

        _bench.Time.Advance(Limit - Moment);
        Assert.Equal((TurnState.Running, false), (late.State, late.Cancelled.IsCancellationRequested));
        _bench.Time.Advance(Moment);
        Assert.Equal((TurnState.Overdue, true), (late.State, late.Cancelled.IsCancellationRequested));
        Assert.Equal(Outcome.Timeout, await verdict.Bound());
        Assert.True(late.CompletedEarly);
        Assert.False(late.LeaseLost);

        for (var hour = 0; hour < 19; hour++)
        {
            Assert.True(_bench.Gate.GetStatus().IsStuck);
            Assert.Same(late.Client, _bench.Gate.GetStatus().Holder);
            Assert.Equal(TurnState.Waiting, next.State);
            _bench.Time.Advance(TimeSpan.FromHours(1));
        }

        _bench.Gate.End(late, Outcome.Ok);
        Assert.False(_bench.Gate.GetStatus().IsStuck);
        Assert.Equal((TurnState.Out, TurnState.Running), (late.State, next.State));
        Assert.False(next.Cancelled.IsCancellationRequested);
    }

    [Fact]
    public async Task WhatTheProcessorSaysAfterwardsIsIgnored()
    {
        var late = _bench.EnterAtOnce();
        _bench.Time.Advance(Limit);
        _bench.Gate.End(late, Outcome.Failed);

        Assert.Equal(Outcome.Timeout, await late.Verdict.Task.Bound());
        _bench.AssertPermitIsWhole();
    }

    [Fact]
    public async Task WhatTheProcessorSaysInTimeCounts()
    {
        var turn = _bench.EnterAtOnce();
        _bench.Time.Advance(Limit - Moment);
        _bench.Gate.End(turn, Outcome.Failed);
        _bench.Time.Advance(Limit);

        Assert.Equal(Outcome.Failed, await turn.Verdict.Task.Bound());
        Assert.False(turn.CompletedEarly);
        Assert.False(turn.Cancelled.IsCancellationRequested);
    }

    [Fact]
    public void EachTurnHasItsOwnTime()
    {
        var turn = GateBench.NewTurn();
        for (var i = 0; i < 5; i++)
        {
            GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(turn));
            _bench.Time.Advance(Limit - Moment);
            Assert.Equal(TurnState.Running, turn.State);
            _bench.Gate.End(turn, Outcome.Ok);
        }

        GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(turn));
        _bench.Time.Advance(Limit);
        Assert.Equal(TurnState.Overdue, turn.State);
    }

    [Fact]
    public void OneAfterTheOtherMayOutstay()
    {
        var turns = new[] { _bench.EnterAtOnce(), _bench.EnterLine(), _bench.EnterLine() };
        foreach (var turn in turns)
        {
            Assert.Equal((TurnState.Running, false), (turn.State, turn.Cancelled.IsCancellationRequested));
            _bench.Time.Advance(Limit);
            Assert.Equal((TurnState.Overdue, true), (turn.State, turn.Cancelled.IsCancellationRequested));
            _bench.Time.Advance(Limit);
            _bench.Gate.End(turn, Outcome.Ok);
        }

        _bench.AssertPermitIsWhole();
    }

    [Fact]
    public void LeavingIsNoWayOutOfAnOverdueTurn()
    {
        var late = _bench.EnterAtOnce();
        var next = _bench.EnterLine();
        _bench.Time.Advance(Limit);

        _bench.Gate.Leave(late);

        Assert.Equal((TurnState.Overdue, TurnState.Waiting), (late.State, next.State));
    }

    [Fact]
    public void CallbacksThatThrowOrBlockDoNotHurtTheGate()
    {
        using var unblock = new ManualResetEventSlim();
        using var called = new ManualResetEventSlim();
        var late = _bench.EnterAtOnce();
        var next = _bench.EnterLine();
        using var blocking = late.Cancelled.Register(() =>
        {
            called.Set();
            unblock.Wait(TimeSpan.FromSeconds(30));
        });
        using var throwing = late.Cancelled.Register(() => throw new InvalidOperationException("callback"));

        try
        {
            _bench.Time.Advance(Limit);
            Bounded.Wait(called);
            Assert.Equal(TurnState.Overdue, late.State);
            _bench.Gate.End(late, Outcome.Ok);
            Assert.Equal(TurnState.Running, next.State);
            Assert.False(next.Cancelled.IsCancellationRequested);
            _bench.Gate.End(next, Outcome.Ok);
            _bench.AssertPermitIsWhole();
        }
        finally
        {
            unblock.Set();
        }
    }

    [Fact]
    public void WhatAProcessorLeftRegisteredIsForgotten()
    {
        var calls = 0;
        var tidy = _bench.EnterAtOnce();
        using var leftOver = tidy.Cancelled.Register(() => Interlocked.Increment(ref calls));
        _bench.Gate.End(tidy, Outcome.Ok);

        using var told = new ManualResetEventSlim();
        var late = _bench.EnterAtOnce();
        using var own = late.Cancelled.Register(told.Set); // called before what was registered earlier would be
        using var last = late.Cancelled.Register(() => { });
        _bench.Time.Advance(Limit);

        Bounded.Wait(told);
        Assert.Equal(0, calls);
    }

    [Fact]
    public void AProcessorThatLeavesAfterTheGateWasDisposedOfHurtsNobody()
    {
        var late = _bench.EnterAtOnce();
        _bench.Gate.Dispose();

        Assert.True(late.Cancelled.IsCancellationRequested);
        _bench.Gate.End(late, Outcome.Ok);
        Assert.Equal(TurnState.Out, late.State);
    }
}
