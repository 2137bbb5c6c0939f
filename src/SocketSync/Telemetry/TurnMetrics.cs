using System.Diagnostics.Metrics;

namespace SocketSync;

/// <summary>Metrics of one resource: how long requests wait for their turn, and how long turns take.</summary>
/// <remarks>
/// The gate hands each duration over under its lock, which costs some nanoseconds: to record one by itself takes most of the time of a short
/// turn. They are recorded in one go, outside the lock, when a batch is whole or the meter is observed, and so by whoever ends that turn.
/// </remarks>
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
    private Batch _filling = new();
    private Batch? _spare;

    public TurnMetrics(Meter meter, string resource)
    {
        _wait = meter.CreateHistogram("socketsync.gate.wait.duration", "s", "From a request's arrival to its turn.", tags: null, Seconds);
        _turn = meter.CreateHistogram("socketsync.turn.duration", "s", "How long a request had the resource.", tags: null, Seconds);
        _resource = new("resource", resource);
    }

    /// <summary>A request has got its turn. Called under the gate's lock.</summary>
    public void Waited(TimeSpan time)
    {
        if (_wait.Enabled)
            _filling.Add(time, isTurn: false);
    }

    /// <summary>A turn is over. Called under the gate's lock.</summary>
    public void Took(TimeSpan time)
    {
        if (_turn.Enabled)
            _filling.Add(time, isTurn: true);
    }

    /// <summary>Takes what is to be recorded, once it is enough. Called under the gate's lock, at the end of each turn.</summary>
    public Batch? TakeWhole() => _filling.IsWhole ? Take() : null;

    /// <summary>Takes what is to be recorded. Called under the gate's lock.</summary>
    public Batch Take()
    {
        var taken = _filling;
        _filling = Interlocked.Exchange(ref _spare, null) ?? new();
        return taken;
    }

    /// <summary>Records what was taken. Called outside the lock: whoever listens is foreign code.</summary>
    public void Record(Batch batch)
    {
        foreach (var (time, isTurn) in batch.Durations)
        {
            try
            {
                (isTurn ? _turn : _wait).Record(time.TotalSeconds, _resource);
            }
            catch (Exception)
            {
                // A faulty MeterListener, called in the middle of a grant, must not make the gate lose its permit.
            }
        }

        batch.Clear();
        _spare = batch;
    }

    /// <summary>Durations that are not recorded yet.</summary>
    internal sealed class Batch
    {
        private const int Capacity = 64;

        private readonly (TimeSpan Time, bool IsTurn)[] _durations = new (TimeSpan, bool)[Capacity];
        private int _count;

        /// <summary>Whether there is hardly room for another turn and the wait before it.</summary>
        public bool IsWhole => _count >= Capacity - 2;

        public ReadOnlySpan<(TimeSpan Time, bool IsTurn)> Durations => _durations.AsSpan(0, _count);

        public void Add(TimeSpan time, bool isTurn)
        {
            if (_count < Capacity)
                _durations[_count++] = (time, isTurn);
        }

        public void Clear() => _count = 0;
    }
}
