using System.Diagnostics.Metrics;

namespace SocketSync;

/// <summary>How long requests wait for their turn, and how long their turns take, for one resource.</summary>
internal sealed class TurnMetrics : IDisposable
{
    // A turn takes from microseconds (in-process) to minutes (a test bench).
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60],
    };

    private static readonly TimeSpan FirstBound = TimeSpan.FromSeconds(0.0001);

    /// <summary>Often enough that a flush is short, and that nobody who looks without asking first sees old figures.</summary>
    private static readonly TimeSpan FlushAfter = TimeSpan.FromMilliseconds(100);

    private readonly DurationHistogram _wait;
    private readonly DurationHistogram _turn;
    private readonly ITimer _flush;
    private volatile bool _isFlushDue;

    public TurnMetrics(Meter meter, string resource)
    {
        _wait = new(meter.CreateHistogram("socketsync.gate.wait.duration", "s", "From a request's arrival to its turn.", tags: null, Seconds), FirstBound, resource);
        _turn = new(meter.CreateHistogram("socketsync.turn.duration", "s", "How long a request had the resource.", tags: null, Seconds), FirstBound, resource);
        _flush = TimeProvider.System.CreateTimer(static me => ((TurnMetrics)me!).Flush(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Waited(TimeSpan time) => Record(_wait, time);

    public void Took(TimeSpan time) => Record(_turn, time);

    /// <summary>Whoever is about to read the histograms finds all in them.</summary>
    public void Flush()
    {
        _isFlushDue = false;
        _wait.Flush();
        _turn.Flush();
    }

    public void Dispose() => _flush.Dispose();

    private void Record(DurationHistogram histogram, TimeSpan time)
    {
        if (histogram.Record(time) || _isFlushDue)
            return;
        _isFlushDue = true;
        _flush.Change(FlushAfter, Timeout.InfiniteTimeSpan);
    }
}
