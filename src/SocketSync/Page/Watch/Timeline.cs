namespace SocketSync;

/// <summary>Gathers the turns of one resource into lanes, as many as one can look at.</summary>
internal sealed class Timeline
{
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(20);

    /// <summary>More clients than these share one lane.</summary>
    public const int MaxLanes = 16;

    /// <summary>A lane is given to another client once its own has done nothing for so long.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(2);

    private readonly List<TimelineLane> _lanes = [];
    private readonly TimelineLane _others = new("", "other clients");
    private DateTimeOffset _lastLoss = DateTimeOffset.MinValue;

    /// <summary>Takes the turns that have ended in a span of time, as many as there was room for; <paramref name="lost"/> more there were.</summary>
    public void Add(IReadOnlyCollection<TurnEvent> turns, long lost, DateTimeOffset from, DateTimeOffset to)
    {
        if (lost == 0)
        {
            foreach (var turn in turns)
                LaneOf(turn.ConnectionId, turn.RemoteEndPoint, turn.EndedAt).Add(turn);
            return;
        }

        // Those that were kept lie close together; what they say of the clients' shares holds for the whole span.
        _lastLoss = to;
        var weight = (turns.Count + lost) / (double)Math.Max(1, turns.Count);
        foreach (var turn in turns)
            LaneOf(turn.ConnectionId, turn.RemoteEndPoint, to).Sample(turn);
        foreach (var lane in _lanes.Append(_others))
            lane.EndSample(weight, from, to);
    }

    public TimelineView Look(DateTimeOffset now, ClientTime? holder, IReadOnlyList<WaiterView> waiters)
    {
        foreach (var lane in _lanes)
            (lane.HeldFor, lane.WaitsFor) = (null, null);
        if (holder is not null)
            LaneOf(holder.ConnectionId, holder.Address, now).HeldFor = holder.For;
        foreach (var waiter in waiters)
            LaneOf(waiter.ConnectionId, waiter.Address, now).WaitsFor = waiter.For;
        (_others.HeldFor, _others.WaitsFor) = (null, null);

        _lanes.RemoveAll(lane => now - lane.LastActive > Window);
        IEnumerable<TimelineLane> shown = now - _others.LastActive > Window ? _lanes : _lanes.Append(_others);
        return new([.. shown.Select(lane => lane.Look(now))], now - _lastLoss < Window);
    }

    private TimelineLane LaneOf(string connectionId, string? address, DateTimeOffset at)
    {
        var lane = _lanes.Find(known => known.Key == connectionId);
        if (lane is null && _lanes.Count == MaxLanes && _lanes.MinBy(known => known.LastActive) is { } quiet && at - quiet.LastActive > Rest)
            _lanes.Remove(quiet);
        if (lane is null && _lanes.Count < MaxLanes)
            _lanes.Add(lane = new TimelineLane(connectionId, ClientAddress.Of(address, connectionId)));
        lane ??= _others;
        lane.LastActive = at;
        return lane;
    }
}
