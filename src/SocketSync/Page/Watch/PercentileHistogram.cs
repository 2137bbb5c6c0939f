namespace SocketSync;

/// <summary>Counts durations from a microsecond to minutes, each class a fifth longer than the one before.</summary>
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
