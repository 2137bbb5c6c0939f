namespace SocketSync;

/// <summary>What is remembered of a resource while the page is open.</summary>
/// <param name="resource">The resource.</param>
/// <param name="since">When the page was opened.</param>
internal sealed class ResourceHistory(SharedResource resource, DateTimeOffset since)
{
    /// <summary>How many of those who wait are listed one by one.</summary>
    private const int MaxWaiters = ResourceReport.MaxWaiters;

    private readonly Timeline _timeline = new(since);
    private readonly DurationHistory _waits = new();
    private readonly DurationHistory _turns = new();
    private readonly RateMeter _rates = new(since);
    private readonly List<TurnEvent> _arrived = [];

    public void Add(in TurnEvent turn)
    {
        _arrived.Add(turn);
        _waits.Add(turn.StartedAt - turn.QueuedAt);
        _turns.Add(turn.EndedAt - turn.StartedAt);
    }

    /// <summary>The turns that ended between the two times have been added, except those that were lost for want of room.</summary>
    /// <param name="lostShare">How many were lost for each one that was added.</param>
    /// <param name="from">When the batch began.</param>
    /// <param name="to">When it ended.</param>
    public void EndBatch(double lostShare, DateTimeOffset from, DateTimeOffset to)
    {
        _timeline.Add(_arrived, (long)(_arrived.Count * lostShare), from, to);
        _arrived.Clear();
        _waits.Advance(to);
        _turns.Advance(to);
    }

    /// <param name="now">The time.</param>
    /// <param name="isOpened">Whether a viewer looks at its details.</param>
    /// <param name="counts">How its requests have ended, on all nodes.</param>
    /// <param name="place">Where it lives, if nodes share it.</param>
    /// <param name="report">What its owner says of it, if that is another node.</param>
    public ResourceView Look(DateTimeOffset now, bool isOpened, RequestCounts counts, PlaceView? place = null, ResourceReport? report = null)
    {
        var (state, processor, turn, waiting, gate, link) = report is { Status: { } status } ? There(report, status) : Here();
        if (place is { IsSilent: true } or { Node: null })
            state = "Unavailable";
        return new ResourceView(
            resource.Name,
            processor,
            state,
            turn,
            waiting,
            gate,
            link,
            _rates.Look(now, counts),
            place,
            isOpened ? new(_timeline.Look(now, turn, waiting), _waits.Look(now), _turns.Look(now)) : null);
    }

    private ResourceNow Here()
    {
        var (gate, waiters) = resource.Gate.GetStatusWithWaiters(MaxWaiters);
        var link = resource.Link?.GetStatus();
        return new(
            ResourceFigures.State(gate, link),
            resource.ProcessorName,
            gate.Holder is { } holder ? new ClientTime(holder.Id, ClientAddress.Of(holder), gate.Held) : null,
            [.. waiters.Select(waiter => new WaiterView(waiter.Client.Id, ClientAddress.Of(waiter.Client), waiter.Priority, waiter.Waited))],
            gate,
            link);
    }

    private static ResourceNow There(ResourceReport report, ResourceStatus status) => new(
        status.State,
        status.Processor,
        status.Turn is { } turn ? new ClientTime(turn.ConnectionId, ClientAddress.Of(turn.RemoteEndPoint, turn.ConnectionId), TimeSpan.FromSeconds(turn.HeldSeconds)) : null,
        [.. (report.Waiters ?? []).Select(waiter => new WaiterView(
            waiter.ConnectionId,
            ClientAddress.Of(waiter.RemoteEndPoint, waiter.ConnectionId),
            Enum.TryParse<Priority>(waiter.Priority, out var priority) ? priority : Priority.Normal,
            TimeSpan.FromSeconds(waiter.WaitedSeconds)))],
        new GateStatus(
            status.QueueLength,
            report.MaxQueue,
            TimeSpan.FromSeconds(status.OldestWaitSeconds),
            Holder: null,
            TimeSpan.FromSeconds(status.Turn?.HeldSeconds ?? 0),
            status.State == "Stuck",
            report.IsPaused),
        status.Link is { } link
            ? new LinkStatus(report.LinkDescription ?? "", Enum.TryParse<LinkState>(link.State, out var state) ? state : LinkState.Down, link.Connects, link.DiscardedBytes, link.Retries, link.LastError, link.LastErrorAt, link.DownSince)
            : null);

    /// <summary>A resource at this moment, wherever it lives.</summary>
    private readonly record struct ResourceNow(
        string State, string Processor, ClientTime? Turn, IReadOnlyList<WaiterView> Waiters, GateStatus Gate, LinkStatus? Link);
}
