namespace SocketSync;

/// <summary>A client that waits in the queue.</summary>
internal readonly record struct Waiter(Client Client, Priority Priority, TimeSpan Waited);

/// <summary>Where a turn stands in line.</summary>
/// <param name="Holder">The client that has the turn, if any.</param>
/// <param name="Held">How long it has had it.</param>
/// <param name="Place">1 is served next; 0 if the turn does not wait.</param>
internal readonly record struct PlaceInLine(Client? Holder, TimeSpan Held, int Place);

/// <summary>The status that a gate reports.</summary>
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

    /// <summary>Records the durations that are not recorded yet, because the meter is observed.</summary>
    public void RecordDurations()
    {
        TurnMetrics.Batch durations;
        lock (_sync)
            durations = _metrics.Take();
        _metrics.Record(durations);
    }

    /// <summary>How many requests wait; for the metrics gauge.</summary>
    public int QueueLength
    {
        get
        {
            lock (_sync)
                return _line.Count;
        }
    }

    /// <summary>Whether a request waits that arrived at this time (a timestamp) or before.</summary>
    public bool HasWaiterFrom(long then)
    {
        lock (_sync)
            return _line.Oldest is { } oldest && oldest.ArrivedAt <= then;
    }

    /// <summary>Where a turn stands in line, if no other arrives before it is served.</summary>
    public PlaceInLine GetPlace(Turn turn)
    {
        var line = new List<Turn>();
        lock (_sync)
        {
            _line.Peek(_line.Count, line);
            return new PlaceInLine(
                _holder?.Client, _holder is { } holder ? _time.GetElapsedTime(holder.HeldSince) : TimeSpan.Zero, line.IndexOf(turn) + 1);
        }
    }

    /// <summary>Gets a consistent snapshot of the gate and the head of its queue.</summary>
    /// <param name="most">The maximum number of waiters to return, in serving order; limits the time under the lock.</param>
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

/// <summary>A snapshot of a gate.</summary>
/// <param name="QueueLength">How many requests wait.</param>
/// <param name="MaxQueue">How many requests may wait.</param>
/// <param name="OldestWait">How long the oldest of them has waited.</param>
/// <param name="Holder">The client that holds the turn, if any.</param>
/// <param name="Held">How long it has held the turn.</param>
/// <param name="IsStuck">Whether the turn has timed out, but its processor has not returned.</param>
/// <param name="IsPaused">Whether granting is paused; a turn may still be in progress.</param>
internal readonly record struct GateStatus(
    int QueueLength, int MaxQueue, TimeSpan OldestWait, Client? Holder, TimeSpan Held, bool IsStuck, bool IsPaused);
