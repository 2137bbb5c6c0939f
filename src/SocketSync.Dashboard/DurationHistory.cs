using System.Globalization;
using System.Text;

namespace SocketSync;

/// <summary>Percentiles of durations over the last minutes, in steps of a few seconds.</summary>
internal sealed class DurationHistory
{
    public const int Steps = 60;
    private const int StepsPerMinute = 12;

    public static readonly TimeSpan Step = TimeSpan.FromSeconds(60 / StepsPerMinute);

    private readonly PercentileHistogram _current = new();
    private readonly PercentileHistogram _lastMinute = new();
    private readonly Queue<PercentileHistogram> _minute = new();
    private readonly Queue<DurationPoint> _points = new();
    private long _step = -1;

    public void Add(TimeSpan time) => _current.Add(time);

    /// <summary>Whatever is added next belongs to <paramref name="now"/>. Without it a time that nobody looked at would be one step.</summary>
    public void Advance(DateTimeOffset now) => Advance(now.Ticks / Step.Ticks);

    public DurationsView Look(DateTimeOffset now)
    {
        Advance(now);
        _lastMinute.Clear();
        _lastMinute.Add(_current);
        foreach (var step in _minute)
            _lastMinute.Add(step);
        return new(
            _lastMinute.Percentile(0.5),
            _lastMinute.Percentile(0.99),
            [.. Enumerable.Repeat(default(DurationPoint), Steps - 1 - _points.Count), .. _points, PointOf(_current)]);
    }

    private void Advance(long step)
    {
        if (_step < 0)
            _step = step;
        for (var passed = Math.Min(step - _step, Steps); passed > 0; passed--)
        {
            _points.Enqueue(PointOf(_current));
            if (_points.Count > Steps - 1)
                _points.Dequeue();

            var oldest = _minute.Count < StepsPerMinute - 1 ? new PercentileHistogram() : _minute.Dequeue();
            oldest.Clear();
            oldest.Add(_current);
            _minute.Enqueue(oldest);
            _current.Clear();
        }

        _step = step;
    }

    private static DurationPoint PointOf(PercentileHistogram histogram) => new(histogram.Percentile(0.5), histogram.Percentile(0.99));
}

/// <summary>Counts durations from a microsecond to minutes in classes, each a fifth longer than the one before.</summary>
internal sealed class PercentileHistogram
{
    private const int ClassesPerDoubling = 4;
    private const int Classes = 30 * ClassesPerDoubling;

    private readonly int[] _counts = new int[Classes];
    private int _total;

    public void Add(TimeSpan time)
    {
        var doublings = Math.Log2(Math.Max(1, time.TotalMicroseconds));
        _counts[Math.Min((int)(doublings * ClassesPerDoubling), Classes - 1)]++;
        _total++;
    }

    public void Add(PercentileHistogram other)
    {
        for (var i = 0; i < Classes; i++)
            _counts[i] += other._counts[i];
        _total += other._total;
    }

    public void Clear()
    {
        Array.Clear(_counts);
        _total = 0;
    }

    /// <returns><see langword="null"/> where nothing was counted.</returns>
    public TimeSpan? Percentile(double share)
    {
        if (_total == 0)
            return null;
        var left = (long)Math.Ceiling(_total * share);
        var at = 0;
        while (at < Classes - 1 && (left -= _counts[at]) > 0)
            at++;
        // The middle of the class.
        return TimeSpan.FromMicroseconds(Math.Pow(2, (at + 0.5) / ClassesPerDoubling));
    }
}

/// <summary>Durations as the page shows them.</summary>
/// <param name="P50">The median of the last minute.</param>
/// <param name="P99">What 99 of 100 in the last minute did not exceed.</param>
/// <param name="Points">The last minutes, oldest first.</param>
internal sealed record DurationsView(TimeSpan? P50, TimeSpan? P99, IReadOnlyList<DurationPoint> Points);

/// <summary>The percentiles of one step; <see langword="null"/> where nothing happened.</summary>
internal readonly record struct DurationPoint(TimeSpan? P50, TimeSpan? P99);

/// <summary>Draws percentiles over time on a logarithmic scale, because waits differ by powers of ten.</summary>
internal sealed class PlotDrawing
{
    public const int Width = 600;
    public const int Height = 120;

    private readonly int _lowest;
    private readonly int _decades;

    public PlotDrawing(IReadOnlyList<DurationPoint> points)
    {
        var times = points.SelectMany(point => new[] { point.P50, point.P99 }).OfType<TimeSpan>().Select(Decade).ToList();
        _lowest = times.Count == 0 ? -3 : (int)Math.Floor(times.Min());
        var highest = times.Count == 0 ? 0 : (int)Math.Ceiling(times.Max() + 0.01);
        _decades = Math.Max(2, highest - _lowest);
        P50 = Draw([.. points.Select(point => point.P50)]);
        P99 = Draw([.. points.Select(point => point.P99)]);
        var step = _decades > 4 ? 2 : 1;
        Lines =
        [
            .. from decade in Enumerable.Range(0, _decades + 1)
               where decade % step == 0
               select new PlotLine(100 * (1 - decade / (double)_decades), Label(_lowest + decade)),
        ];
    }

    public string P50 { get; }

    public string P99 { get; }

    public IReadOnlyList<PlotLine> Lines { get; }

    private static double Decade(TimeSpan time) => Math.Log10(Math.Max(1e-6, time.TotalSeconds));

    private static string Label(int decade) => decade switch
    {
        < -3 => $"{Math.Pow(10, decade + 6):0} µs",
        < 0 => $"{Math.Pow(10, decade + 3):0} ms",
        _ => $"{Math.Pow(10, decade):0} s",
    };

    private string Draw(IReadOnlyList<TimeSpan?> times)
    {
        var step = Width / (double)times.Count;
        var path = new StringBuilder();
        for (var i = 0; i < times.Count; i++)
        {
            if (times[i] is not { } time)
                continue;
            var y = Height * (1 - (Decade(time) - _lowest) / _decades);
            // Each step is a level stroke: the value stands for the whole step.
            path.Append(CultureInfo.InvariantCulture, $"{(i == 0 || times[i - 1] is null ? 'M' : 'L')}{i * step:0.#} {y:0.#}h{step:0.#}");
        }

        return path.ToString();
    }
}

/// <summary>A line of the scale: its place, in percent from the top, and its label.</summary>
internal readonly record struct PlotLine(double Top, string Label);
