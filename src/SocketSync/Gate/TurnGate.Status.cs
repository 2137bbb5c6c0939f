namespace SocketSync;

/// <summary>A client that waits in line.</summary>
internal readonly record struct Waiter(Client Client, Priority Priority, TimeSpan Waited);

/// <summary>What a gate tells observers.</summary>
internal sealed partial class TurnGate
{
    public GateStatus GetStatus()
    {
        lock (_sync)
        {
            var now = _time.GetTimestamp();
            return new GateStatus(
                _line.Count,
                _limits.Options.MaxQueue,
                _line.Oldest is { } oldest ? _time.GetElapsedTime(oldest.ArrivedAt, now) : TimeSpan.Zero,
                _holder?.Client,
                _holder is { } holder ? _time.GetElapsedTime(holder.HeldSince, now) : TimeSpan.Zero,
                _holder is { State: TurnState.Overdue },
                _isPaused);
        }
    }

    /// <summary>How many requests wait; for the gauge.</summary>
    public int QueueLength
    {
        get
        {
            lock (_sync)
                return _line.Count;
        }
    }

    /// <summary>The gate and the head of its line at one moment.</summary>
    /// <param name="most">So many of those who wait are told, in the order in which they would be served; the lock is held for these few.</param>
    public (GateStatus Status, IReadOnlyList<Waiter> Waiters) GetStatusWithWaiters(int most)
    {
        var turns = new List<Turn>(most);
        var waiters = new List<Waiter>(most);
        lock (_sync)
        {
            var now = _time.GetTimestamp();
            _line.Peek(most, turns);
            foreach (var turn in turns)
                waiters.Add(new(turn.Client, turn.Priority, _time.GetElapsedTime(turn.ArrivedAt, now)));
            return (GetStatus(), waiters);
        }
    }
}

/// <summary>A gate at one moment.</summary>
/// <param name="QueueLength">How many requests wait.</param>
/// <param name="MaxQueue">How many may.</param>
/// <param name="OldestWait">How long the oldest of them has waited.</param>
/// <param name="Holder">Who has the turn, if anybody.</param>
/// <param name="Held">For how long.</param>
/// <param name="IsStuck">The turn's time is over, but its processor is still inside.</param>
/// <param name="IsPaused">No further turn is granted; one may still be in hand.</param>
internal readonly record struct GateStatus(
    int QueueLength, int MaxQueue, TimeSpan OldestWait, Client? Holder, TimeSpan Held, bool IsStuck, bool IsPaused);
