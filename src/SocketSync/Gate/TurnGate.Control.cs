namespace SocketSync;

/// <summary>What the host and its operator may do to a gate.</summary>
/// <remarks>
/// A lease is one turn: while the gate is paused, its holder's further requests are served until it ends. It was taken so that nobody
/// comes between these requests, and a holder that had to wait would lose it to MaxHold through no fault of its own. An operator who
/// cannot wait for that closes the client.
/// </remarks>
internal sealed partial class TurnGate
{
    /// <summary>No further turn is granted until <see cref="Resume"/>; requests wait as the line's limits allow.</summary>
    public void Pause()
    {
        lock (_sync)
            _isPaused = true;
    }

    /// <summary>Turns are granted again.</summary>
    public void Resume()
    {
        Turn? next = null;
        lock (_sync)
        {
            _isPaused = false;
            if (_line.Count > 0 && _exclusion.Wait(0))
                Grant(next = _line.TakeNext()!, _time.GetTimestamp());
        }

        AdmitLater(next);
    }

    /// <summary>
    /// The client is being closed: if it waits, it leaves the line; its turn is cancelled and told as by TurnTimeout; its lease
    /// ends. It is granted nothing any more.
    /// </summary>
    public void Evict(Turn turn)
    {
        TimedOutTurn? timedOut = null;
        Turn? loser = null;
        Turn? next = null;
        lock (_sync)
        {
            turn.IsEvicted = true;
            switch (turn.State)
            {
                case TurnState.Waiting:
                    Dismiss(turn, Outcome.Abandoned);
                    break;

                case TurnState.Running:
                    turn.LeaseLost = true;
                    timedOut = TimeOut(turn, Outcome.Timeout);
                    break;

                case TurnState.Leased:
                    turn.LeaseLost = true;
                    loser = turn;
                    next = Release(turn, _time.GetTimestamp());
                    break;
            }
        }

        AdmitLater(next);
        timedOut?.Tell();
        loser?.TellLeaseLost();
    }

    /// <summary>Takes new settings; they hold from the next turn on.</summary>
    public void Configure(GateOptions options)
    {
        lock (_sync)
        {
            _limits = new GateLimits(options, _time);
            _line.CountsAddresses = options.MaxQueuePerAddress > 0;
            SetTimer();
        }
    }

    /// <summary>No turn is granted any more: waiting requests are refused, the turn in hand is cancelled and told so.</summary>
    public void Close()
    {
        TimedOutTurn? timedOut = null;
        Turn? next = null;
        lock (_sync)
        {
            _isClosed = true;
            while (_line.Oldest is { } waiting)
                Dismiss(waiting, Outcome.Unavailable);
            if (_holder is { State: TurnState.Running } running)
                timedOut = TimeOut(running, Outcome.Unavailable);
            else if (_holder is { State: TurnState.Leased } leased)
                next = Release(leased, _time.GetTimestamp());
        }

        AdmitLater(next);
        timedOut?.Tell();
    }

    /// <summary>
    /// Closes it for good. A processor may still be inside, and the timer may be running; neither may find anything disposed.
    /// The semaphore and the cancellation source have no wait handle, and so nothing to give back.
    /// </summary>
    public void Dispose()
    {
        Close();
        _timer.Dispose();
    }
}
