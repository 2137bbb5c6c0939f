namespace SocketSync;

/// <summary>
/// The turns of one client over the last seconds: each by itself while they are few, and their share of each short column
/// of time always.
/// </summary>
internal sealed class TimelineLane(string key, string address)
{
    public const int Columns = 400;

    /// <summary>More turns than these cannot be told apart on a screen, and are drawn by columns.</summary>
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

    /// <summary>For how long it has had the turn, where it has.</summary>
    public TimeSpan? HeldFor { get; set; }

    /// <summary>For how long it has waited, where it waits.</summary>
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

    public LaneView Look(DateTimeOffset now)
    {
        var start = now - Timeline.Window;
        while (_bars.TryPeek(out var oldest) && oldest.EndedAt < start)
            _bars.Dequeue();

        var last = now.Ticks / Column.Ticks;
        var columns = _columns.Where(column => column.Index > last - Columns && column.Index <= last).ToList();
        var drawing = new LaneDrawing(start);
        if (_barsSince <= start)
            drawing.AddBars(_bars);
        else
            drawing.AddColumns(columns, Column);
        if (WaitsFor is { } waits)
            drawing.AddWait(now - waits, now);
        if (HeldFor is { } held)
            drawing.AddTurnInHand(now - held, now);

        var busy = columns.Sum(column => column.Busy) / Columns + (HeldFor is { } time && time > Column ? Math.Min(1, time / Timeline.Window) : 0);
        return new(
            Key, address, (long)Math.Round(columns.Sum(column => column.Turns)), Math.Min(1, busy), HeldFor is not null, WaitsFor is not null, drawing.Paths);
    }

    /// <summary>Spreads some columns' worth of the resource's time evenly over a span.</summary>
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

    // Worth seeing among thousands: first of all that something failed.
    private static Outcome Worse(Outcome a, Outcome b) => a == Outcome.Ok ? b : b == Outcome.Failed ? b : a;
}

/// <summary>
/// A short time in a lane, numbered from the beginning of time: the share of it that the client had the resource, and in
/// how many turns; parts of turns where they are spread.
/// </summary>
internal readonly record struct LaneColumn(long Index, double Busy, double Turns, Outcome Worst);
