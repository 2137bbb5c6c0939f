namespace SocketSync;

/// <summary>
/// What others can bring about as often as they like becomes no flood of lines: the first of a kind is told at once, further
/// ones are counted and summed up every ten seconds. A kind of which there was none for so long is forgotten, and the next
/// one is told at once again.
/// </summary>
/// <remarks>
/// However many kinds there are, only <see cref="MaxKinds"/> are told apart; those beyond them are told as what
/// <c>fold</c> makes of them, and the caller sees to it that these are few. Lines are written outside the lock, and a log
/// that throws costs nobody anything.
/// </remarks>
/// <typeparam name="T">What happened; the sum is told of the last of its kind.</typeparam>
internal sealed class LogThrottle<T> : IDisposable
    where T : notnull
{
    /// <summary>Hundreds of addresses are as unreadable as thousands.</summary>
    public const int MaxKinds = 100;

    public static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly Action<T> _tell;
    private readonly Action<T, LogSum> _sumUp;
    private readonly Func<T, T> _fold;
    private readonly Lock _sync = new();
    private readonly Dictionary<T, Entry> _kinds;
    private readonly Queue<Entry> _due = new(); // in order of their time, since all have the same period
    private readonly ITimer _timer;
    private bool _isClosed;

    /// <param name="time">Measures the period.</param>
    /// <param name="tell">Writes the line of the first.</param>
    /// <param name="sumUp">Writes the line of those that followed it.</param>
    /// <param name="fold">What one is told as when there are too many kinds.</param>
    /// <param name="kinds">What is of one kind; what is equal, when not given.</param>
    public LogThrottle(TimeProvider time, Action<T> tell, Action<T, LogSum> sumUp, Func<T, T> fold, IEqualityComparer<T>? kinds = null)
    {
        _time = time;
        _tell = tell;
        _sumUp = sumUp;
        _fold = fold;
        _kinds = new(kinds);
        _timer = time.CreateTimer(static me => ((LogThrottle<T>)me!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>This has happened: tells it, or counts it.</summary>
    public void Add(T what)
    {
        var now = _time.GetTimestamp();
        lock (_sync)
        {
            if (_isClosed || IsCounted(what))
                return;
            if (_kinds.Count >= MaxKinds)
            {
                what = _fold(what);
                if (IsCounted(what))
                    return;
            }

            var entry = new Entry(what, now);
            _kinds.Add(what, entry);
            _due.Enqueue(entry);
            if (_due.Count == 1)
                SetTimer(now);
        }

        Tell(what);
    }

    /// <summary>Sums up what has not been told so far. Nothing more is.</summary>
    public void Dispose()
    {
        lock (_sync)
            _isClosed = true;
        _timer.Dispose();
        SumUp(_due.Count);
    }

    private bool IsCounted(T what)
    {
        if (!_kinds.TryGetValue(what, out var entry))
            return false;
        entry.Count++;
        entry.Last = what;
        return true;
    }

    private void OnTimer() => SumUp(0);

    private void SumUp(int undue)
    {
        List<(T Last, LogSum Sum)> sums = [];
        var now = _time.GetTimestamp();
        lock (_sync)
        {
            while (_due.TryPeek(out var entry) && (undue-- > 0 || _time.GetElapsedTime(entry.Since, now) >= Period))
            {
                _due.Dequeue();
                if (entry.Count == 0)
                {
                    _kinds.Remove(entry.Last);
                    continue;
                }

                sums.Add((entry.Last, new LogSum(entry.Count, _time.GetElapsedTime(entry.Since, now))));
                entry.Count = 0;
                entry.Since = now;
                _due.Enqueue(entry);
            }

            if (!_isClosed && _due.Count > 0)
                SetTimer(now);
        }

        foreach (var (last, sum) in sums)
            Tell(last, sum);
    }

    private void SetTimer(long now)
    {
        // Rounded up: a timer that rings within the same millisecond, too early, would only be set again.
        var left = Period - _time.GetElapsedTime(_due.Peek().Since, now);
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(left.TotalMilliseconds))), Timeout.InfiniteTimeSpan);
    }

    private void Tell(T what, LogSum? sum = null)
    {
        try
        {
            if (sum is { } value)
                _sumUp(what, value);
            else
                _tell(what);
        }
        catch (Exception)
        {
            // Neither the request that it is about nor the process, whose timer this is, ends for a log's fault.
        }
    }

    private sealed class Entry(T first, long since)
    {
        public T Last { get; set; } = first;

        public long Since { get; set; } = since;

        public long Count { get; set; }
    }
}

/// <summary>How often something has happened again, and in which time.</summary>
internal readonly record struct LogSum(long Count, TimeSpan Time)
{
    /// <summary>Of the time, for people: whole seconds, at least one.</summary>
    public int Seconds => Math.Max(1, (int)Math.Round(Time.TotalSeconds));
}
