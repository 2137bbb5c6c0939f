namespace SocketSync;

/// <summary>What is remembered of a resource while the page is open.</summary>
internal sealed class ResourceHistory(SharedResource resource, IReadOnlyList<Route> routes)
{
    /// <summary>How many of those who wait are listed one by one.</summary>
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

    /// <summary>The turns that ended between the two times have been added, except those that were lost for want of room.</summary>
    /// <param name="lostShare">How many were lost for each one that was added.</param>
    /// <param name="from">When the batch began.</param>
    /// <param name="to">When it ended.</param>
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
            _rates.Look(now, routes),
            _timeline.Look(now, turn, waiting),
            _waits.Look(now),
            _turns.Look(now));
    }
}

/// <summary>How requests ended since the start; and how many end per second now, in whatever way, and how many of these are refused.</summary>
internal sealed record ResourceRates(long Completed, long Refused, long Failed, long Abandoned, double PerSecond, double RefusedPerSecond);

/// <summary>How fast a resource's counts grow, over the last seconds.</summary>
internal sealed class RateMeter
{
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(2);

    private readonly Queue<(DateTimeOffset At, long Ended, long Refused)> _samples = new();

    public ResourceRates Look(DateTimeOffset now, IReadOnlyCollection<Route> routes)
    {
        long Sum(Outcome outcome) => routes.Sum(route => route.CountOf(outcome));
        var completed = Sum(Outcome.Ok);
        var refused = Sum(Outcome.Busy) + Sum(Outcome.Unavailable);
        var failed = Sum(Outcome.Timeout) + Sum(Outcome.Failed);
        var abandoned = Sum(Outcome.Abandoned);

        var ended = completed + Sum(Outcome.Cached) + refused + Sum(Outcome.Denied) + failed + abandoned;
        _samples.Enqueue((now, ended, refused));
        while (_samples.Count > 2 && now - _samples.Peek().At > Span)
            _samples.Dequeue();
        var first = _samples.Peek();
        var seconds = (now - first.At).TotalSeconds;
        return seconds <= 0
            ? new(completed, refused, failed, abandoned, 0, 0)
            : new(completed, refused, failed, abandoned, (ended - first.Ended) / seconds, (refused - first.Refused) / seconds);
    }
}
