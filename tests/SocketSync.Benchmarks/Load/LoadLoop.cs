using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using HdrHistogram;

namespace SocketSync.Benchmarks;

/// <summary>
/// All connections of a run, on one thread: whatever is ready is read, checked and asked anew, two system calls for each reply
/// and one more for all that were ready at once. Another thread takes the seconds' samples and reports them.
/// </summary>
internal sealed class LoadLoop : IDisposable
{
    private const int TimerKey = -1;
    private const int TickMilliseconds = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly LoadOptions _options;
    private readonly Epoll _epoll = new();
    private readonly TimerFile? _timer;
    private readonly LoadConnection[] _connections;
    private readonly byte[][] _addresses;
    private readonly int _family;
    private readonly BlockingCollection<SecondSample> _samples = [];
    private readonly ConcurrentQueue<LongHistogram> _spares = new();

    private LongHistogram _second = NewHistogram();
    private long _start;
    private long _measuredFrom;
    private long _end;
    private long _tickedAt;
    private long _nextTick;
    private bool _isMeasuring;
    private int _toConnect;
    private int _toServe;
    private long _scheduleStart;
    private long _scheduled;
    private long _answered;

    public LoadLoop(LoadOptions options)
    {
        _options = options;
        _addresses = [.. Enumerable.Range(0, options.Ports).Select(port => Bytes(PortOf(options.Target, port).Serialize()))];
        _family = Libc.Family(options.Target.AddressFamily);
        _connections = new LoadConnection[options.Connections];
        for (var i = 0; i < _connections.Length; i++) _connections[i] = new LoadConnection(this, options, i);
        (_toConnect, _toServe) = (_connections.Length, _connections.Length);
        if (options.Rate is null) return;
        _timer = new TimerFile();
        _epoll.Watch(Libc.Add, _timer.File, Libc.Readable, TimerKey);
    }

    /// <summary>Nanoseconds on Linux; see <see cref="Stopwatch.Frequency"/>.</summary>
    public static long Now => Stopwatch.GetTimestamp();

    /// <summary>Shared by all connections: one thread reads.</summary>
    public byte[] Buffer { get; } = new byte[256 * 1024];

    public bool IsStopping { get; private set; }

    /// <summary>Ends when the run has ended.</summary>
    public IEnumerable<SecondSample> Samples => _samples.GetConsumingEnumerable();

    /// <summary>Why the run ended early.</summary>
    public LoadFailureException? Failure { get; private set; }

    public TimeSpan? AllConnected { get; private set; }

    public TimeSpan? AllServed { get; private set; }

    /// <summary>CPU time of this process and of the server's in the measured time.</summary>
    public (TimeSpan Client, TimeSpan? Server) ProcessorTime { get; private set; }

    public IReadOnlyList<LoadConnection> Connections => _connections;

    private static EndPoint PortOf(EndPoint first, int offset) => first is IPEndPoint ip ? new IPEndPoint(ip.Address, ip.Port + offset) : first;

    private static byte[] Bytes(SocketAddress address) => address.Buffer.Span[..address.Size].ToArray();

    public static LongHistogram NewHistogram() => new(1, 1_000_000_000_000, 3);

    /// <summary>The body of the loop's thread.</summary>
    public void Run()
    {
        try
        {
            Serve();
            Drain();
        }
        catch (LoadFailureException e)
        {
            Failure = e;
        }
        finally
        {
            foreach (var connection in _connections) connection.Close();
            _samples.CompleteAdding();
        }
    }

    public void Return(LongHistogram used)
    {
        used.Reset();
        _spares.Enqueue(used);
    }

    public void Open(LoadConnection connection) => connection.Open(_addresses[connection.Number % _addresses.Length], _family);

    public void Watch(int operation, int socket, uint interest, int key) => _epoll.Watch(operation, socket, interest, key);

    public void OnConnected()
    {
        if (--_toConnect > 0) return;
        AllConnected = Stopwatch.GetElapsedTime(_start);
        _scheduleStart = Now;
    }

    public void OnFirstServed()
    {
        if (--_toServe == 0) AllServed = Stopwatch.GetElapsedTime(_start);
    }

    public void Record(long latency, int count)
    {
        _second.RecordValueWithCount(Math.Max(latency, 1), count);
        _answered += count;
    }

    /// <summary>When a connection's request was to be sent: the schedule goes round the connections.</summary>
    public long IntendedTime(int connection, long request) => IntendedTime((request * _connections.Length) + connection);

    public void Dispose()
    {
        _epoll.Dispose();
        _timer?.Dispose();
        _samples.Dispose();
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private long IntendedTime(long request) => _scheduleStart + (long)(request * (Stopwatch.Frequency / _options.Rate!.Value));

    private void Serve()
    {
        _start = _tickedAt = Now;
        _measuredFrom = _start + Ticks(_options.Warmup);
        _end = _measuredFrom + Ticks(_options.Measured);
        if (_options.Warmup == TimeSpan.Zero) BeginMeasuring();
        SetNextTick();
        foreach (var connection in _connections) Open(connection);
        while (_tickedAt < _end)
        {
            if (_options.Rate is not null && _toConnect == 0) Pace();
            Turn();
            if (Now is var now && now >= _nextTick && !MustGoOn(now)) Tick(now);
        }
    }

    // A very short run on a very busy machine may see no reply at all, which is no measurement.
    private bool MustGoOn(long now)
    {
        if (now < _end || _answered > 0) return false;
        return now < _end + Ticks(Patience) ? true : throw new LoadFailureException("not one request was answered in the measured time.");
    }

    private void Turn()
    {
        var ready = _epoll.Wait(TickMilliseconds);
        for (var i = 0; i < ready; i++)
        {
            var key = _epoll.Key(i);
            if (key == TimerKey) _timer!.Wait();
            else _connections[key].OnReady(_epoll.State(i));
        }
    }

    private void Pace()
    {
        var now = Now;
        while (IntendedTime(_scheduled) is var next)
        {
            if (next > now)
            {
                _timer!.Start(next - now);
                return;
            }
            _connections[_scheduled++ % _connections.Length].Due();
        }
    }

    private void Tick(long now)
    {
        long least = long.MaxValue, most = 0, all = 0;
        foreach (var connection in _connections)
        {
            var served = connection.Served - connection.ServedBefore;
            connection.ServedBefore = connection.Served;
            (least, most, all) = (Math.Min(least, served), Math.Max(most, served), all + served);
        }
        _samples.Add(new SecondSample(Seconds(now - _start), Seconds(now - _tickedAt), _isMeasuring, all, Fairness.Of(least, most), _second));
        _second = _spares.TryDequeue(out var spare) ? spare : NewHistogram();
        _tickedAt = now;
        if (now >= _end) ProcessorTime = (Environment.CpuUsage.TotalTime - ProcessorTime.Client, ServerTime() - ProcessorTime.Server);
        else if (now >= _measuredFrom && !_isMeasuring) BeginMeasuring();
        SetNextTick();
    }

    private void BeginMeasuring()
    {
        _isMeasuring = true;
        _answered = 0;
        foreach (var connection in _connections) connection.ServedInWarmup = connection.Served;
        ProcessorTime = (Environment.CpuUsage.TotalTime, ServerTime());
    }

    /// <returns><see langword="null"/> where none is asked for, or one has ended.</returns>
    private TimeSpan? ServerTime() => _options.ServerProcesses.Count == 0
        ? null
        : _options.ServerProcesses.Select(ProcessorClock.Read).Aggregate((TimeSpan?)TimeSpan.Zero, static (sum, one) => sum + one);

    private void SetNextTick()
    {
        _nextTick = Math.Min(_tickedAt + Stopwatch.Frequency, _end);
        if (!_isMeasuring) _nextTick = Math.Min(_nextTick, _measuredFrom);
    }

    /// <summary>Nothing more is asked, but what was asked must be answered.</summary>
    private void Drain()
    {
        IsStopping = true;
        var last = Now + Ticks(Patience);
        while (_connections.Any(static connection => connection.IsWaiting))
        {
            if (Now > last)
            {
                var count = _connections.Sum(static connection => connection.Outstanding);
                throw new LoadFailureException($"requests not answered within {Patience.TotalSeconds} s after the run: {count}.");
            }
            for (var i = 0; i < 100; i++) Turn();
        }
    }

    private static double Seconds(long ticks) => ticks / (double)Stopwatch.Frequency;
}
