namespace SocketSync;

/// <param name="P50">The median of the last minute.</param>
/// <param name="P99">What 99 of 100 of the last minute did not exceed.</param>
/// <param name="Points">The last minutes, oldest first.</param>
internal sealed record DurationsView(TimeSpan? P50, TimeSpan? P99, IReadOnlyList<DurationPoint> Points);

/// <summary>The percentiles of a few seconds; null where nothing happened.</summary>
internal readonly record struct DurationPoint(TimeSpan? P50, TimeSpan? P99);

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

    public DurationsView Look(DateTimeOffset now)
    {
        Advance(now.Ticks / Step.Ticks);
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
