namespace SocketSync;

/// <summary>What a gate does when somebody's time is over: that of a wait, a turn, a lease.</summary>
internal sealed partial class Gate
{
    private void Silent(long now)
    {
        _quietSince = now;
        _alarm.NotLaterThan(_turnLimits.LeaseDue(_holder!, _quietSince));
    }

    private void OnAlarm()
    {
        Overruled? overruled = null;
        Turn? loser = null;
        Turn? next = null;
        lock (_sync)
        {
            _alarm.Rang();
            var now = _time.GetTimestamp();
            while (_line.Oldest is { } oldest && oldest.ArrivedAt + _limits.WaitTimeout <= now)
                Dismiss(oldest, Outcome.Busy);

            if (_holder is { State: TurnState.Running } running && _turnLimits.TurnDue(running) <= now)
            {
                running.IsHoldOver = _turnLimits.Options.Hold != Hold.Request && _turnLimits.HoldDue(running) <= now;
                overruled = Overrule(running, Outcome.Timeout);
            }
            else if (_holder is { State: TurnState.Leased } leased && _turnLimits.LeaseDue(leased, _quietSince) <= now)
            {
                if (_turnLimits.HoldDue(leased) <= now)
                {
                    leased.IsHoldOver = true;
                    loser = leased;
                }

                next = Release(leased, now);
            }

            SetAlarm();
        }

        TellGranted(next);
        overruled?.Tell();
        loser?.TellLeaseLost();
    }

    private void SetAlarm()
    {
        if (_line.Oldest is { } oldest)
            _alarm.NotLaterThan(oldest.ArrivedAt + _limits.WaitTimeout);
        if (_holder is { State: TurnState.Running } running)
            _alarm.NotLaterThan(_turnLimits.TurnDue(running));
        else if (_holder is { State: TurnState.Leased } leased)
            _alarm.NotLaterThan(_turnLimits.LeaseDue(leased, _quietSince));
    }

    /// <summary>Decides a turn whose processor is still inside. The caller tells it, outside the lock.</summary>
    private Overruled Overrule(Turn turn, Outcome outcome)
    {
        turn.State = TurnState.Overdue;
        turn.IsOutstayed = true;
        var isFirst = !turn.IsDecided;
        turn.IsDecided = true;
        if (isFirst)
            turn.Decided = outcome;
        // A source of its own: cancelling comes after the lock, and must not reach the next turn.
        var overruled = new Overruled(turn, turn.Guard, isFirst, _cancellation);
        _cancellation = new CancellationTokenSource();
        return overruled;
    }

    /// <summary>A turn whose time is over, in the order in which that is told: guard, client, processor.</summary>
    private readonly record struct Overruled(Turn Turn, Action? Guard, bool IsFirst, CancellationTokenSource Cancellation)
    {
        public void Tell()
        {
            Guard?.Invoke();
            if (IsFirst)
                Turn.Verdict.Set(Turn.Decided);
            Cancellation.CancelInBackground();
        }
    }
}
