using System.Diagnostics;

namespace SocketSync;

/// <summary>Operations of the host and its operator on a gate.</summary>
/// <remarks>
/// A lease counts as one turn: while the gate is paused, its holder's further requests are served until the lease ends. A lease
/// guarantees that no other client comes between its requests, and a holder that had to wait would lose it to MaxHold through
/// no fault of its own. An operator who cannot wait for that closes the client.
/// </remarks>
internal sealed partial class TurnGate
{
    /// <summary>Stops granting turns until <see cref="Resume"/>; requests wait within the queue's limits.</summary>
    public void Pause()
    {
        lock (_sync)
            _isPaused = true;
    }

    /// <summary>Grants turns again.</summary>
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
    /// Removes a client that is being closed: it leaves the queue if it waits, its running turn is cancelled and ends as
    /// <see cref="Outcome.Timeout"/>, its lease ends. It is granted no further turn.
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

    /// <summary>Applies new settings; they take effect with the next turn.</summary>
    public void Configure(GateOptions options)
    {
        lock (_sync)
        {
            _limits = new GateLimits(options, _time);
            _line.CountsAddresses = options.MaxQueuePerAddress > 0;
            SetTimer();
        }
    }

    /// <summary>Stops granting turns, for good or until <see cref="Open"/>: refuses waiting requests as unavailable, and cancels the current turn.</summary>
    /// <param name="ofTheTurn">
    /// What the client of the current turn is told. Where others go on to serve, it must not be that its request was never tried.
    /// </param>
    public void Close(Outcome ofTheTurn = Outcome.Unavailable)
    {
        TimedOutTurn? timedOut = null;
        Turn? next = null;
        lock (_sync)
        {
            _isClosed = true;
            while (_line.Oldest is { } waiting)
                Dismiss(waiting, Outcome.Unavailable);
            if (_holder is { State: TurnState.Running } running)
                timedOut = TimeOut(running, ofTheTurn);
            else if (_holder is { State: TurnState.Leased } leased)
                next = Release(leased, _time.GetTimestamp());
        }

        AdmitLater(next);
        timedOut?.Tell();
    }

    /// <summary>Grants turns after <see cref="Close"/>, to which nobody may hold one any more.</summary>
    public void Open()
    {
        lock (_sync)
        {
            Debug.Assert(_holder is null, "the gate is opened for a new term while a turn of the last one goes on");
            _isClosed = false;
        }
    }

    /// <summary>
    /// Closes the gate. A processor may still run, and the timer callback may be running, so nothing that they use is disposed.
    /// The semaphore and the cancellation source have no wait handle, and therefore nothing to release.
    /// </summary>
    public void Dispose()
    {
        Close();
        _timer.Dispose();
    }
}
