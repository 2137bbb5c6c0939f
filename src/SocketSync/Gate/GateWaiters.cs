namespace SocketSync;

/// <summary>One who waits in line.</summary>
internal readonly record struct Waiter(Client Client, Priority Priority, TimeSpan Waited);

/// <summary>For those who look on.</summary>
internal sealed partial class Gate
{
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
