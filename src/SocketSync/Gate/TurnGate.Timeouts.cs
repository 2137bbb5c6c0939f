namespace SocketSync;

/// <summary>Timeouts of waits, turns and leases.</summary>
internal sealed partial class TurnGate
{
    private void RestartSilence(long now)
    {
        _quietSince = now;
        _timer.NotLaterThan(_turnLimits.LeaseDue(_holder!, _quietSince));
    }

    private void OnTimer()
    {
        TimedOutTurn? timedOut = null;
        Turn? loser = null;
        Turn? next = null;
        lock (_sync)
        {
            _timer.Fired();
            var now = _time.GetTimestamp();
            while (_line.Oldest is { } oldest && oldest.ArrivedAt + _limits.WaitTimeout <= now)
                Dismiss(oldest, Outcome.Busy);

            if (_holder is { State: TurnState.Running } running && _turnLimits.TurnDue(running) <= now)
            {
                running.LeaseLost = _turnLimits.Options.Hold != Hold.Request && _turnLimits.HoldDue(running) <= now;
                timedOut = TimeOut(running, Outcome.Timeout);
            }
            else if (_holder is { State: TurnState.Leased } leased && _turnLimits.LeaseDue(leased, _quietSince) <= now)
            {
                if (_turnLimits.HoldDue(leased) <= now)
                {
                    leased.LeaseLost = true;
                    loser = leased;
                }

                next = Release(leased, now);
            }

            SetTimer();
        }

        AdmitLater(next);
        timedOut?.Tell();
        loser?.TellLeaseLost();
    }

    private void SetTimer()
    {
        if (_line.Oldest is { } oldest)
            _timer.NotLaterThan(oldest.ArrivedAt + _limits.WaitTimeout);
        if (_holder is { State: TurnState.Running } running)
            _timer.NotLaterThan(_turnLimits.TurnDue(running));
        else if (_holder is { State: TurnState.Leased } leased)
            _timer.NotLaterThan(_turnLimits.LeaseDue(leased, _quietSince));
    }

    /// <summary>Decides the outcome of a turn whose processor has not returned. The caller notifies, outside the lock.</summary>
    private TimedOutTurn TimeOut(Turn turn, Outcome outcome)
    {
        turn.State = TurnState.Overdue;
        turn.CompletedEarly = true;
        var isFirst = !turn.IsDecided;
        turn.IsDecided = true;
        if (isFirst)
            turn.Decided = outcome;
        // A separate source: it is cancelled after the lock is released, and must not cancel the next turn.
        var timedOut = new TimedOutTurn(turn, turn.Guard, isFirst, _cancellation);
        _cancellation = new CancellationTokenSource();
        return timedOut;
    }

    /// <summary>A timed-out turn. Notifies in this order: the guard, the client, the processor.</summary>
    private readonly record struct TimedOutTurn(Turn Turn, Action? Guard, bool IsFirst, CancellationTokenSource Cancellation)
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

/// <summary>A snapshot of the gate's options, and the due times that follow from them (timestamps).</summary>
internal sealed class GateLimits(GateOptions options, TimeProvider time)
{
    private readonly long _quietTime = time.ToTimestampTicks(options.QuietTime);
    private readonly long _maxHold = time.ToTimestampTicks(options.MaxHold);
    private readonly long _turnTimeout = time.ToTimestampTicks(options.TurnTimeout);

    public GateOptions Options { get; } = options;

    public long WaitTimeout { get; } = time.ToTimestampTicks(options.WaitTimeout);

    /// <summary>Gets when the current request times out.</summary>
    public long TurnDue(Turn turn)
    {
        var due = turn.StartedAt + _turnTimeout;
        return Options.Hold == Hold.Request ? due : Math.Min(due, HoldDue(turn));
    }

    /// <summary>Gets when a lease between two requests ends, if its client has been silent since <paramref name="quietSince"/>.</summary>
    public long LeaseDue(Turn turn, long quietSince)
    {
        var due = HoldDue(turn);
        return Options.Hold == Hold.Quiet ? Math.Min(due, quietSince + _quietTime) : due;
    }

    /// <summary>Gets when a lease ends whatever its client does.</summary>
    public long HoldDue(Turn turn) => turn.HeldSince + _maxHold;
}
