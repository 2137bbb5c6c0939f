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
        CancellationTokenSource? cancellation = null;
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
                cancellation = Overrule(running, Outcome.Timeout);
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
        cancellation?.CancelInBackground();
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

    /// <summary>Decides a turn whose processor is still inside. The caller cancels what is returned, outside the lock.</summary>
    private CancellationTokenSource Overrule(Turn turn, Outcome outcome)
    {
        turn.State = TurnState.Overdue;
        turn.IsOutstayed = true;
        Decide(turn, outcome);
        // A source of its own: cancelling comes after the lock, and must not reach the next turn.
        var cancellation = _cancellation;
        _cancellation = new CancellationTokenSource();
        return cancellation;
    }
}
