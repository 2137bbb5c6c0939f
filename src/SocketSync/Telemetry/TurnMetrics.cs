using System.Diagnostics.Metrics;

namespace SocketSync;

/// <summary>Metrics of one resource: how long requests wait for their turn, and how long turns take.</summary>
internal sealed class TurnMetrics
{
    // Turns take from microseconds (in-process) to minutes (a test bench).
    private static readonly InstrumentAdvice<double> Seconds = new()
    {
        HistogramBucketBoundaries = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60],
    };

    private readonly Histogram<double> _wait;
    private readonly Histogram<double> _turn;
    private readonly KeyValuePair<string, object?> _resource;

    public TurnMetrics(Meter meter, string resource)
    {
        _wait = meter.CreateHistogram("socketsync.gate.wait.duration", "s", "From a request's arrival to its turn.", tags: null, Seconds);
        _turn = meter.CreateHistogram("socketsync.turn.duration", "s", "How long a request had the resource.", tags: null, Seconds);
        _resource = new("resource", resource);
    }

    public void Waited(TimeSpan time) => Record(_wait, time);

    public void Took(TimeSpan time) => Record(_turn, time);

    private void Record(Histogram<double> histogram, TimeSpan time)
    {
        try
        {
            histogram.Record(time.TotalSeconds, _resource);
        }
        catch (Exception)
        {
            // A faulty MeterListener, called in the middle of a grant, must not make the gate lose its permit.
        }
    }
}
