namespace SocketSync;

/// <summary>Sorts the turns of one resource into lanes, one for each client, up to a number that can still be read.</summary>
/// <param name="since">When turns began to be added. Shares are of the time from then on: of what was before, nothing is known.</param>
internal sealed class Timeline(DateTimeOffset since)
{
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(20);

    /// <summary>Clients beyond this number share one more lane.</summary>
    public const int MaxLanes = 16;

    /// <summary>A lane is given to another client once its own has been inactive for this long.</summary>
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(2);

    private readonly List<TimelineLane> _lanes = [];
    private readonly TimelineLane _others = new("", "other clients");
    private DateTimeOffset _lastLoss = DateTimeOffset.MinValue;

    /// <summary>Adds the turns that ended in a span of time. Another <paramref name="lost"/> turns ended in it, for which there was no room.</summary>
    public void Add(IReadOnlyCollection<TurnEvent> turns, long lost, DateTimeOffset from, DateTimeOffset to)
    {
        if (lost == 0)
        {
            foreach (var turn in turns)
                LaneOf(turn.ConnectionId, turn.RemoteEndPoint, turn.EndedAt).Add(turn);
            return;
        }

        // The turns that were kept lie close together. The clients' shares among them are taken to hold for the whole span.
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
        var seenFrom = since > now - Window ? since : now - Window;
        return new([.. shown.Select(lane => lane.Look(now, seenFrom))], now - seenFrom, now - _lastLoss < Window);
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

/// <summary>
/// The turns of one client over the last seconds: each by itself while they are few, and always their share of each short
/// column of time.
/// </summary>
internal sealed class TimelineLane(string key, string address)
{
    public const int Columns = 400;

    /// <summary>More turns than these cannot be told apart on a screen, and are drawn as columns.</summary>
    private const int MaxBars = 400;

    private static readonly TimeSpan Column = Timeline.Window / Columns;

    private readonly Queue<TurnEvent> _bars = new();
    private readonly LaneColumn[] _columns = new LaneColumn[Columns];
    private DateTimeOffset _barsSince = DateTimeOffset.MinValue;
    private TimeSpan _sampledTime;
    private int _sampledTurns;
    private Outcome _sampledWorst;

    public string Key { get; } = key;

    public DateTimeOffset LastActive { get; set; } = DateTimeOffset.MinValue;

    /// <summary>For how long the client has had the turn, where it has it.</summary>
    public TimeSpan? HeldFor { get; set; }

    /// <summary>For how long the client has waited, where it waits.</summary>
    public TimeSpan? WaitsFor { get; set; }

    public void Add(in TurnEvent turn)
    {
        _bars.Enqueue(turn);
        if (_bars.Count > MaxBars)
            _barsSince = _bars.Dequeue().EndedAt;
        Spread(turn.StartedAt, turn.EndedAt, (turn.EndedAt - turn.StartedAt) / Column, 1, turn.Outcome);
    }

    public void Sample(in TurnEvent turn)
    {
        _sampledTime += turn.EndedAt - turn.StartedAt;
        _sampledTurns++;
        _sampledWorst = Worse(_sampledWorst, turn.Outcome);
    }

    public void EndSample(double weight, DateTimeOffset from, DateTimeOffset to)
    {
        if (_sampledTurns > 0)
        {
            Spread(from, to, _sampledTime * weight / Column, _sampledTurns * weight, _sampledWorst);
            _barsSince = to;
            _bars.Clear();
        }

        (_sampledTime, _sampledTurns, _sampledWorst) = (TimeSpan.Zero, 0, Outcome.Ok);
    }

    public LaneView Look(DateTimeOffset now, DateTimeOffset seenFrom)
    {
        var start = now - Timeline.Window;
        while (_bars.TryPeek(out var oldest) && oldest.EndedAt < start)
            _bars.Dequeue();

        var last = now.Ticks / Column.Ticks;
        var columns = _columns.Where(column => column.Index > last - Columns && column.Index <= last).ToList();
        var drawing = new LaneDrawing(start);
        drawing.AddUnseen(seenFrom);
        if (_barsSince <= start)
            drawing.AddBars(_bars);
        else
            drawing.AddColumns(columns, Column);
        if (WaitsFor is { } waits)
            drawing.AddWait(now - waits, now);
        if (HeldFor is { } held)
            drawing.AddTurnInHand(now - held, now);

        return new(
            Key, address, (long)Math.Round(columns.Sum(column => column.Turns)), Share(columns, now, seenFrom), HeldFor is not null, WaitsFor is not null, drawing.Paths);
    }

    /// <summary>A turn may have begun before anything was seen: then only its later part counts, as of everybody.</summary>
    private double Share(IEnumerable<LaneColumn> columns, DateTimeOffset now, DateTimeOffset seenFrom)
    {
        var first = seenFrom.Ticks / Column.Ticks;
        var seen = Math.Max(1, (now - seenFrom) / Column);
        var busy = columns.Where(column => column.Index >= first).Sum(column => column.Busy);
        var inHand = HeldFor is { } held && held > Column ? held / Column : 0;
        return Math.Min(1, (busy + Math.Min(inHand, seen)) / seen);
    }

    /// <summary>Spreads an amount of the resource's time, measured in columns, evenly over a span.</summary>
    private void Spread(DateTimeOffset from, DateTimeOffset to, double busy, double turns, Outcome outcome)
    {
        var last = to.Ticks / Column.Ticks;
        var first = Math.Max(from.Ticks / Column.Ticks, last - Columns + 1);
        var count = last - first + 1;
        for (var index = first; index <= last; index++)
        {
            ref var column = ref _columns[index % Columns];
            if (column.Index != index)
                column = new LaneColumn(index, 0, 0, Outcome.Ok);
            column = new(index, Math.Min(1, column.Busy + busy / count), column.Turns + turns / count, Worse(column.Worst, outcome));
        }
    }

    // Among thousands of turns a failure must be seen first.
    private static Outcome Worse(Outcome a, Outcome b) => a == Outcome.Ok ? b : b == Outcome.Failed ? b : a;
}

/// <summary>
/// A short span of time in a lane, numbered from the beginning of time: the share of it in which the client had the resource, and
/// the number of turns, which is fractional where turns are spread over several columns.
/// </summary>
internal readonly record struct LaneColumn(long Index, double Busy, double Turns, Outcome Worst);

/// <summary>Who used a resource when: the picture of the synchronisation.</summary>
/// <param name="Lanes">One for each client, in the order in which they came.</param>
/// <param name="Seen">How much of the window has been looked at: less than all of it soon after the page was opened.</param>
/// <param name="IsSampled">There were more turns than could be looked at one by one, so that shares are estimates.</param>
internal sealed record TimelineView(IReadOnlyList<LaneView> Lanes, TimeSpan Seen, bool IsSampled);

/// <summary>
/// One client's turns in the time shown, and the share of the time seen, from 0 to 1, in which it had the resource. The key is the
/// connection's id; it is empty for the lane that several clients share. The paths fill <see cref="LaneDrawing.Width"/> by
/// <see cref="LaneDrawing.Height"/>.
/// </summary>
internal sealed record LaneView(
    string Key, string Address, long Turns, double Share, bool HasTurn, bool Waits, IReadOnlyList<LanePath> Paths);

/// <summary>Everything in a lane that looks alike.</summary>
/// <param name="Kind">Its class in the style sheet.</param>
/// <param name="Data">An SVG path.</param>
internal readonly record struct LanePath(string Kind, string Data);
