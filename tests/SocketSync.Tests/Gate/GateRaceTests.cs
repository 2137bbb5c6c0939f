namespace SocketSync.Tests;

/// <summary>What may happen at the same moment does, by the hundred thousand: the permit is neither lost nor doubled.</summary>
[Collection(Alone.Name)]
public sealed class GateRaceTests : IDisposable
{
    private readonly Turn _fresh = GateBench.NewTurn();
    private readonly Turn _waiting = GateBench.NewTurn();
    private readonly ManualClock _time = new();
    private GateBench _bench = new();
    private ValueTask<Outcome> _firstWait;
    private ValueTask<Outcome> _secondWait;
    private int _one;
    private int _other;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void LeavingAgainstTheGrant()
    {
        var (holder, first, second) = (GateBench.NewTurn(), GateBench.NewTurn(), GateBench.NewTurn());
        Race.Run(
            Race.Rounds,
            () => Line(holder, first, second),
            () =>
            {
                var wasGranted = Count(_firstWait, Outcome.Ok, Outcome.Abandoned);
                EndTurnsInOrder(wasGranted ? [first, second] : [second]);
                Is(Result(_secondWait) == Outcome.Ok);
            },
            () => _bench.Gate.End(holder, Outcome.Ok),
            () => _bench.Gate.Leave(first));
        AssertBothHappened();
    }

    [Fact]
    public void LeavingAgainstTheGrantAgainstAnArrival()
    {
        var (holder, first, second) = (GateBench.NewTurn(), GateBench.NewTurn(), GateBench.NewTurn());
        Race.Run(
            Race.Rounds / 100,
            () => Line(holder, first),
            () =>
            {
                var wasGranted = Count(_firstWait, Outcome.Ok, Outcome.Abandoned);
                EndTurnsInOrder(wasGranted ? [first, second] : [second]);
                Is(Result(_secondWait) == Outcome.Ok);
            },
            () => _bench.Gate.End(holder, Outcome.Ok),
            () => _bench.Gate.Leave(first),
            () => Enter(second, out _secondWait));
        AssertBothHappened();
    }

    [Fact]
    public void WaitTimeoutAgainstTheGrant()
    {
        Use(GateBench.Patient with { WaitTimeout = TimeSpan.FromSeconds(1) });
        var (holder, first) = (GateBench.NewTurn(), GateBench.NewTurn());
        Race.Run(
            Race.Rounds,
            () => Line(holder, first),
            () => EndTurnsInOrder(Count(_firstWait, Outcome.Ok, Outcome.Busy) ? [first] : []),
            () => _bench.Gate.End(holder, Outcome.Ok),
            () => _time.Advance(TimeSpan.FromSeconds(1)));
        AssertBothHappened();
    }

    [Fact]
    public void DismissalAgainstTheGrant()
    {
        var (holder, first, second) = (GateBench.NewTurn(), GateBench.NewTurn(), GateBench.NewTurn());
        var dismissed = false;
        Race.Run(
            Race.Rounds,
            () => Line(holder, first, second),
            () =>
            {
                var wasGranted = Count(_firstWait, Outcome.Ok, Outcome.Cached);
                Is(dismissed == !wasGranted);
                EndTurnsInOrder(wasGranted ? [first, second] : [second]);
                Is(Result(_secondWait) == Outcome.Ok);
            },
            () => _bench.Gate.End(holder, Outcome.Ok),
            () => dismissed = _bench.Gate.TryDismiss(first, Outcome.Cached));
        AssertBothHappened();
    }

    [Fact]
    public void DismissalAgainstLeaving()
    {
        var (holder, first, second) = (GateBench.NewTurn(), GateBench.NewTurn(), GateBench.NewTurn());
        var dismissed = false;
        Race.Run(
            Race.Rounds,
            () => Line(holder, first, second),
            () =>
            {
                Is(dismissed == Count(_firstWait, Outcome.Cached, Outcome.Abandoned));
                _bench.Gate.End(holder, Outcome.Ok);
                EndTurnsInOrder(second);
                Is(Result(_secondWait) == Outcome.Ok);
            },
            () => dismissed = _bench.Gate.TryDismiss(first, Outcome.Cached),
            () => _bench.Gate.Leave(first));
        AssertBothHappened();
    }

    [Fact]
    public void DismissalAgainstTheWaitTimeout()
    {
        Use(GateBench.Patient with { WaitTimeout = TimeSpan.FromSeconds(1) });
        var (holder, first) = (GateBench.NewTurn(), GateBench.NewTurn());
        var dismissed = false;
        Race.Run(
            Race.Rounds,
            () => Line(holder, first),
            () =>
            {
                Is(dismissed == Count(_firstWait, Outcome.Cached, Outcome.Busy));
                _bench.Gate.End(holder, Outcome.Ok);
                EndTurnsInOrder();
            },
            () => dismissed = _bench.Gate.TryDismiss(first, Outcome.Cached),
            () => _time.Advance(TimeSpan.FromSeconds(1)));
        AssertBothHappened();
    }

    [Fact]
    public void TurnTimeoutAgainstTheEnd()
    {
        Use(GateBench.Patient with { TurnTimeout = TimeSpan.FromSeconds(2), WaitTimeout = TimeSpan.FromDays(20) });
        Turn holder = null!, first = null!;
        Race.Run(
            Race.Rounds,
            () =>
            {
                (holder, first) = (GateBench.NewTurn(), GateBench.NewTurn());
                Line(holder, first);
                _time.Advance(TimeSpan.FromSeconds(1));
            },
            () =>
            {
                var wasInTime = Count(holder.Verdict.Task, Outcome.Failed, Outcome.Timeout);
                Is(holder.Cancelled.IsCancellationRequested == !wasInTime);
                Is(holder.CompletedEarly == !wasInTime);
                Is(Result(_firstWait) == Outcome.Ok);
                Is(!first.Cancelled.IsCancellationRequested);
                EndTurnsInOrder(first);
            },
            () => _bench.Gate.End(holder, Outcome.Failed),
            () => _time.Advance(TimeSpan.FromSeconds(1)));
        AssertBothHappened();
    }

    [Fact]
    public void QuietExpiryAgainstTheNextRequest()
    {
        Use(GateBench.Patient with { Hold = Hold.Quiet, QuietTime = TimeSpan.FromMilliseconds(10) });
        var (holder, first) = (GateBench.NewTurn(), GateBench.NewTurn());
        Race.Run(
            Race.Rounds,
            () =>
            {
                Line(holder, first);
                _bench.Gate.End(holder, Outcome.Ok);
                Is(holder.State == TurnState.Leased);
            },
            () =>
            {
                if (holder.State == TurnState.Running)
                {
                    _one++;
                    Is(Result(_secondWait) == Outcome.Ok);
                    Is(!_firstWait.IsCompleted);
                    EndTurnsInOrder(holder, first);
                }
                else
                {
                    _other++;
                    Is(holder.State == TurnState.Waiting);
                    EndTurnsInOrder(first, holder);
                }

                Is(Result(_firstWait) == Outcome.Ok);
                Is(Result(_secondWait) == Outcome.Ok);
            },
            () => Enter(holder, out _secondWait),
            () => _time.Advance(TimeSpan.FromMilliseconds(10)));
        AssertBothHappened();
    }

    [Fact]
    public void MaxHoldAgainstTheNextRequest()
    {
        Use(GateBench.Patient with { Hold = Hold.Connection, MaxHold = TimeSpan.FromSeconds(1) });
        Turn holder = null!;
        var lost = 0;
        Race.Run(
            Race.Rounds,
            () =>
            {
                lost = 0;
                holder = GateBench.NewTurn(leaseLost: () => lost++);
                Line(holder);
                _bench.Gate.End(holder, Outcome.Ok);
            },
            () =>
            {
                // Either the request came first, and was overruled, or the lease ended first, and then it is a new turn.
                Is(Result(_secondWait) == Outcome.Ok);
                Is(holder.LeaseLost);
                if (holder.State == TurnState.Overdue)
                    _one++;
                else
                    _other++;
                Is(lost == (holder.State == TurnState.Overdue ? 0 : 1));
                EndTurnsInOrder(holder);
            },
            () => Enter(holder, out _secondWait),
            () => _time.Advance(TimeSpan.FromSeconds(1)));
        AssertBothHappened();
    }

    [Fact]
    public void ClosingAgainstTheGrantAgainstAnArrival()
    {
        Turn holder = null!, first = null!, second = null!;
        Race.Run(
            Race.Rounds / 100,
            () =>
            {
                Use(GateBench.Patient);
                (holder, first, second) = (GateBench.NewTurn(), GateBench.NewTurn(), GateBench.NewTurn());
                Line(holder, first);
            },
            () =>
            {
                var wasGranted = Count(_firstWait, Outcome.Ok, Outcome.Unavailable);
                Is(Count(holder.Verdict.Task, Outcome.Ok, Outcome.Unavailable) == wasGranted);
                Is(Result(_secondWait) == Outcome.Unavailable);
                Is(holder.State == TurnState.Out);
                Is(first.State == (wasGranted ? TurnState.Overdue : TurnState.Out));
                Is(first.Cancelled.IsCancellationRequested == wasGranted);
                if (wasGranted)
                    _bench.Gate.End(first, Outcome.Ok);
                Is(_bench.Gate.GetStatus() is { Holder: null, QueueLength: 0 });
            },
            () => _bench.Gate.End(holder, Outcome.Ok),
            () => _bench.Gate.Close(),
            () => Enter(second, out _secondWait));
        AssertBothHappened();
    }

    private void Use(GateOptions options)
    {
        _bench.Dispose();
        _bench = new GateBench(options, _time);
    }

    /// <summary>One holds, the others wait.</summary>
    private void Line(Turn holder, Turn? first = null, Turn? second = null)
    {
        Enter(holder, out var granted);
        Is(Result(granted) == Outcome.Ok);
        if (first is not null)
        {
            Enter(first, out _firstWait);
            Is(!_firstWait.IsCompleted);
        }

        if (second is not null)
        {
            Enter(second, out _secondWait);
            Is(!_secondWait.IsCompleted);
        }
    }

    private void Enter(Turn turn, out ValueTask<Outcome> wait)
    {
#pragma warning disable CA2012 // Looked at until it is completed, and its result taken once.
        wait = _bench.Gate.Enter(turn);
#pragma warning restore CA2012
    }

    /// <summary>These have the turn one after the other, nobody else has it, and then one permit is left.</summary>
    private void EndTurnsInOrder(params ReadOnlySpan<Turn> turns)
    {
        for (var i = 0; i < turns.Length; i++)
        {
            Is(turns[i].State is TurnState.Running or TurnState.Overdue);
            foreach (var later in turns[(i + 1)..])
                Is(later.State == TurnState.Waiting);
            Is(_bench.Gate.GetStatus().Holder == turns[i].Client);
            _bench.Gate.Leave(turns[i]); // keeps no lease
            _bench.Gate.End(turns[i], Outcome.Ok);
        }

        Is(_bench.Gate.GetStatus() is { Holder: null, QueueLength: 0 });
        Enter(_fresh, out var first);
        Is(Result(first) == Outcome.Ok);
        Enter(_waiting, out var second);
        Is(!second.IsCompleted);
        _bench.Gate.Leave(_waiting);
        Is(Result(second) == Outcome.Abandoned);
        _bench.Gate.Leave(_fresh);
        _bench.Gate.End(_fresh, Outcome.Ok);
    }

    private bool Count(ValueTask<Outcome> task, Outcome one, Outcome other)
    {
        var result = Result(task);
        Is(result == one || result == other);
        if (result == one)
            _one++;
        else
            _other++;
        return result == one;
    }

    private static Outcome Result(ValueTask<Outcome> task)
    {
        Is(task.IsCompletedSuccessfully);
        return task.Result;
    }

    // Said so plainly because it is said millions of times.
    private static void Is(bool condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        if (!condition)
            Assert.Fail($"not so: {what}");
    }

    private void AssertBothHappened()
    {
        Assert.True(_one > 0 && _other > 0, $"this race was none: {_one} to {_other}");
        TestContext.Current.TestOutputHelper?.WriteLine($"{_one} to {_other}");
    }
}
