using System.Globalization;
using System.Text;

namespace SocketSync;

/// <summary>Draws a lane as SVG paths, one for each kind of bar, so that the browser has few elements to keep.</summary>
internal sealed class LaneDrawing(DateTimeOffset start)
{
    public const int Width = 1000;
    public const int Height = 24;

    /// <summary>A narrower bar could not be seen.</summary>
    private const double MinWidth = 1.5;

    private readonly Dictionary<string, StringBuilder> _paths = new(StringComparer.Ordinal);

    public IReadOnlyList<LanePath> Paths => [.. _paths.Select(path => new LanePath(path.Key, path.Value.ToString()))];

    /// <summary>What was before the page looked.</summary>
    public void AddUnseen(DateTimeOffset until)
    {
        if (X(until) >= MinWidth)
            Add("before", 0, X(until), 0, Height);
    }

    public void AddBars(IEnumerable<TurnEvent> turns)
    {
        foreach (var turn in turns)
        {
            AddWait(turn.QueuedAt, turn.StartedAt);
            var (top, height) = Extent(turn.Outcome);
            Add(Kind(turn.Outcome), X(turn.StartedAt), X(turn.EndedAt), top, height);
        }
    }

    /// <summary>A column is the higher, the larger the client's share of its time was.</summary>
    public void AddColumns(IEnumerable<LaneColumn> columns, TimeSpan width)
    {
        (long From, long To, int Height, Outcome Worst)? run = null;
        foreach (var column in columns.OrderBy(column => column.Index))
        {
            var height = (int)Math.Clamp(Math.Ceiling(column.Busy * 8) * 2, 2, 16);
            if (run is { } open && open.To == column.Index && open.Height == height && open.Worst == column.Worst)
            {
                run = open with { To = column.Index + 1 };
                continue;
            }

            Flush(run, width);
            run = (column.Index, column.Index + 1, height, column.Worst);
        }

        Flush(run, width);
    }

    public void AddWait(DateTimeOffset from, DateTimeOffset to)
    {
        if (X(to) - X(from) >= MinWidth)
            Add("wait", X(from), X(to), 11, 2);
    }

    public void AddTurnInHand(DateTimeOffset from, DateTimeOffset to) => Add("now", X(from), X(to), 4, 16);

    private static (double Top, double Height) Extent(Outcome outcome) => outcome == Outcome.Ok ? (4, 16) : (1, 22);

    private static string Kind(Outcome outcome) => outcome switch
    {
        Outcome.Ok => "ok",
        Outcome.Timeout => "timeout",
        Outcome.Failed => "failed",
        _ => "other",
    };

    private void Flush((long From, long To, int Height, Outcome Worst)? run, TimeSpan width)
    {
        if (run is not { } open)
            return;
        var from = X(new(open.From * width.Ticks, TimeSpan.Zero));
        Add(Kind(open.Worst), from, X(new(open.To * width.Ticks, TimeSpan.Zero)), 20 - open.Height, open.Height);
    }

    private double X(DateTimeOffset time) => Math.Clamp((time - start) / Timeline.Window * Width, 0, Width);

    private void Add(string kind, double from, double to, double top, double height)
    {
        if (!_paths.TryGetValue(kind, out var path))
            _paths.Add(kind, path = new());
        var width = Math.Max(to - from, MinWidth);
        path.Append(CultureInfo.InvariantCulture, $"M{Math.Min(from, Width - width):0.#} {top:0.#}h{width:0.#}v{height:0.#}h-{width:0.#}z");
    }
}
