namespace SocketSync;

/// <summary>One who waits in line.</summary>
internal readonly record struct Waiter(Client Client, Priority Priority, TimeSpan Waited);

/// <summary>For those who look on.</summary>
internal sealed partial class Gate
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
