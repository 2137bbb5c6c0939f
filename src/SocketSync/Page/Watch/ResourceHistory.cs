namespace SocketSync;

/// <summary>What is remembered of a resource while somebody looks.</summary>
internal sealed class ResourceHistory(SharedResource resource, IReadOnlyList<ListenerState> listeners)
{
    /// <summary>So many of those who wait are named, one by one.</summary>
    private const int MaxWaiters = 12;

    private readonly Timeline _timeline = new();
    private readonly DurationHistory _waits = new();
    private readonly DurationHistory _turns = new();
    private readonly RateMeter _rates = new();
    private readonly List<TurnEvent> _arrived = [];

    public void Add(in TurnEvent turn)
    {
        _arrived.Add(turn);
        _waits.Add(turn.StartedAt - turn.QueuedAt);
        _turns.Add(turn.EndedAt - turn.StartedAt);
    }

    /// <summary>All that ended until now has been added, but for a number of turns for which there was no room.</summary>
    public void EndBatch(double lostShare, DateTimeOffset from, DateTimeOffset to)
    {
        _timeline.Add(_arrived, (long)(_arrived.Count * lostShare), from, to);
        _arrived.Clear();
    }

    public ResourceView Look(DateTimeOffset now)
    {
        var (gate, waiters) = resource.Gate.GetStatusWithWaiters(MaxWaiters);
        var link = resource.Link?.GetStatus();
        var turn = gate.Holder is { } holder ? new ClientTime(holder.Id, ClientAddress.Of(holder), gate.Held) : null;
        WaiterView[] waiting = [.. waiters.Select(waiter => new WaiterView(waiter.Client.Id, ClientAddress.Of(waiter.Client), waiter.Priority, waiter.Waited))];
        return new ResourceView(
            resource.Name,
            resource.ProcessorName,
            StatusEndpoint.State(gate, link),
            turn,
            waiting,
            gate,
            link,
            _rates.Look(now, listeners),
            _timeline.Look(now, turn, waiting),
            _waits.Look(now),
            _turns.Look(now));
    }
}
