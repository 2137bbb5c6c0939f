using System.Diagnostics.Metrics;

namespace SocketSync;

/// <summary>
/// A histogram of durations for one resource. Those within the first bucket, which is nearly all of an in-process resource's,
/// are only counted, and recorded later by another thread: recording two of them takes longer than the turn they are about.
/// </summary>
/// <remarks>One thread at a time records; any may flush. Nothing is lost: both counters only ever grow.</remarks>
internal sealed class DurationHistogram(Histogram<double> histogram, TimeSpan firstBound, string resource)
{
    private readonly KeyValuePair<string, object?> _resource = new("resource", resource);
    private readonly Lock _flushing = new();
    private long _short;
    private long _shortTicks;
    private long _flushed;
    private long _flushedTicks;

    /// <returns><see langword="false"/>: it was only counted.</returns>
    public bool Record(TimeSpan time)
    {
        if (time > firstBound)
        {
            RecordNow(time.TotalSeconds);
            return true;
        }

        _shortTicks += time.Ticks;
        Volatile.Write(ref _short, _short + 1);
        return false;
    }

    /// <summary>Records what was only counted, each with the mean: the same bucket, and the same sum.</summary>
    public void Flush()
    {
        lock (_flushing)
        {
            var count = Volatile.Read(ref _short) - _flushed;
            if (count == 0)
                return;

            // May be ahead of the count by the one being recorded; that difference is the next flush's.
            var ticks = Math.Min(Volatile.Read(ref _shortTicks) - _flushedTicks, count * firstBound.Ticks);
            var mean = (double)ticks / count / TimeSpan.TicksPerSecond;
            for (var i = 0L; i < count; i++)
                RecordNow(mean);
            _flushed += count;
            _flushedTicks += ticks;
        }
    }

    private void RecordNow(double seconds)
    {
        try
        {
            histogram.Record(seconds, _resource);
        }
        catch (Exception)
        {
            // A listener's fault, and it is called in the middle of a grant: it must not cost the gate its permit.
        }
    }
}
