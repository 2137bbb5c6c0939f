namespace SocketSync;

/// <summary>What an operator may do to a gate.</summary>
/// <remarks>
/// A lease is one turn: paused, its holder's further requests are served until it ends. It was taken so that nobody comes
/// between these requests, and its holder, left waiting with it, would lose it to MaxHold through no fault of its own. An
/// operator who cannot wait for that closes the client.
/// </remarks>
internal sealed partial class Gate
{
    private bool _isPaused;

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

        TellGranted(next);
    }

    /// <summary>
    /// The client is being closed: out of the line if it waits, its turn cancelled and told so as by TurnTimeout, its lease
    /// ended. It is granted nothing any more.
    /// </summary>
    public void Expel(Turn turn)
    {
        Overruled? overruled = null;
        Turn? loser = null;
        Turn? next = null;
        lock (_sync)
        {
            turn.IsExpelled = true;
            switch (turn.State)
            {
                case TurnState.Waiting:
                    Dismiss(turn, Outcome.Abandoned);
                    break;

                case TurnState.Running:
                    turn.IsHoldOver = true;
                    overruled = Overrule(turn, Outcome.Timeout);
                    break;

                case TurnState.Leased:
                    turn.IsHoldOver = true;
                    loser = turn;
                    next = Release(turn, _time.GetTimestamp());
                    break;
            }
        }

        TellGranted(next);
        overruled?.Tell();
        loser?.TellLeaseLost();
    }
}
