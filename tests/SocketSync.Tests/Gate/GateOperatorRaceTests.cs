namespace SocketSync.Tests;

/// <summary>An operator steps in at the very moment of a grant, by the hundred thousand.</summary>
[Collection(Alone.Name)]
public sealed class GateOperatorRaceTests : IDisposable
{
    private readonly GateBench _bench = new();
    private readonly Turn _holder = GateBench.NewTurn();
    private readonly Turn _first = GateBench.NewTurn();
    private ValueTask<Outcome> _wait;
    private int _one;
    private int _other;

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void PauseAgainstTheGrant()
    {
        Race.Run(
            Race.Rounds,
            Line,
            () =>
            {
                if (!Count(_wait.IsCompleted))
                {
                    Is(_first.State == TurnState.Waiting && _bench.Gate.GetStatus().Holder is null);
                    _bench.Gate.Resume();
                }

                EndFirst();
                _bench.Gate.Resume();
            },
            () => _bench.Gate.End(_holder, Outcome.Ok),
            _bench.Gate.Pause);
        AssertBothHappened();
    }

    [Fact]
    public void PauseAgainstAnArrival()
    {
        Race.Run(
            Race.Rounds,
            static () => { },
            () =>
            {
                if (!Count(_wait.IsCompleted))
                    _bench.Gate.Resume();
                EndFirst();
                _bench.Gate.Resume();
            },
            () => Enter(_first),
            _bench.Gate.Pause);
        AssertBothHappened();
    }

    [Fact]
    public void ResumeAgainstAnArrivalAgainstTheEnd()
    {
        var wasFirst = false;
        Race.Run(
            Race.Rounds / 100,
            () =>
            {
                GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(_holder));
                _bench.Gate.Pause();
                wasFirst = false;
            },
            () =>
            {
                Count(wasFirst);
                EndFirst();
            },
            () => _bench.Gate.End(_holder, Outcome.Ok),
            () => Enter(_first),
            () =>
            {
                _bench.Gate.Resume();
                wasFirst = _bench.Gate.QueueLength == 0;
            });
    }

    [Fact]
    public void ExpelAgainstTheGrant()
    {
        Race.Run(
            Race.Rounds,
            Line,
            () =>
            {
                Is(_wait.IsCompleted);
                if (Count(_wait.Result == Outcome.Ok))
                {
                    Is(_first.State == TurnState.Overdue && _first.Cancelled.IsCancellationRequested);
                    _bench.Gate.End(_first, Outcome.Ok);
                    Is(_first.Verdict.Task.IsCompleted && _first.Verdict.Task.Result == Outcome.Timeout);
                }

                Is(_bench.Gate.GetStatus().Holder is null);
                (_first.IsEvicted, _first.LeaseLost, _first.CompletedEarly) = (false, false, false);
            },
            () => _bench.Gate.End(_holder, Outcome.Ok),
            () => _bench.Gate.Evict(_first));
        AssertBothHappened();
    }

    [Fact]
    public void ExpelAgainstTheEnd()
    {
        Race.Run(
            Race.Rounds,
            Line,
            () =>
            {
                Is(_holder.Verdict.Task.IsCompleted);
                Count(_holder.Verdict.Task.Result == Outcome.Ok);
                EndFirst();
                (_holder.IsEvicted, _holder.LeaseLost, _holder.CompletedEarly) = (false, false, false);
            },
            () => _bench.Gate.End(_holder, Outcome.Ok),
            () => _bench.Gate.Evict(_holder));
        AssertBothHappened();
    }

    /// <summary>One holds, one waits.</summary>
    private void Line()
    {
        GateBench.AssertAtOnce(Outcome.Ok, _bench.Gate.Enter(_holder));
        Enter(_first);
        Is(!_wait.IsCompleted);
    }

    private void Enter(Turn turn)
    {
#pragma warning disable CA2012 // Looked at once, when the round is over.
        _wait = _bench.Gate.Enter(turn);
#pragma warning restore CA2012
    }

    /// <summary>The first of the line has the turn, alone and not cancelled, and ends it.</summary>
    private void EndFirst()
    {
        Is(_wait.IsCompleted && _wait.Result == Outcome.Ok);
        Is(_first.State == TurnState.Running && !_first.Cancelled.IsCancellationRequested);
        Is(_bench.Gate.GetStatus().Holder == _first.Client);
        _bench.Gate.End(_first, Outcome.Ok);
        Is(_bench.Gate.GetStatus() is { Holder: null, QueueLength: 0 });
    }

    private bool Count(bool isOne)
    {
        if (isOne)
            _one++;
        else
            _other++;
        return isOne;
    }

    private static void Is(bool condition, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(condition))] string? what = null)
    {
        if (!condition)
            Assert.Fail($"not so: {what}");
    }

    private void AssertBothHappened() => Assert.True(_one > 0 && _other > 0, $"this race was none: {_one} to {_other}");
}
