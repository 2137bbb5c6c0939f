namespace SocketSync;

/// <summary>
/// Limits log lines about events that clients can cause at will: the first event of a kind is logged at once, further ones are
/// counted and summarized every ten seconds. A kind without events for that long is forgotten, and its next event is logged at
/// once again.
/// </summary>
/// <remarks>
/// At most <see cref="MaxKinds"/> kinds are distinguished; <c>fold</c> maps any others to a more general kind, and the caller
/// ensures that these are few. Lines are written outside the lock, and an exception from a logger has no effect.
/// </remarks>
/// <typeparam name="T">The event; a summary describes the last event of its kind.</typeparam>
internal sealed class LogThrottle<T> : IDisposable
    where T : notnull
{
    /// <summary>The maximum number of kinds: hundreds of addresses are as unreadable as thousands.</summary>
    public const int MaxKinds = 100;

    public static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private readonly Action<T> _tell;
    private readonly Action<T, LogSum> _sumUp;
    private readonly Func<T, T> _fold;
    private readonly Lock _sync = new();
    private readonly Dictionary<T, Entry> _kinds;
    private readonly Queue<Entry> _due = new(); // in order of due time, since all have the same period
    private readonly ITimer _timer;
    private bool _isClosed;

    /// <param name="time">Measures the period.</param>
    /// <param name="tell">Logs the first event of a kind.</param>
    /// <param name="sumUp">Logs the summary of the events that followed.</param>
    /// <param name="fold">Maps an event to a more general kind when there are too many kinds.</param>
    /// <param name="kinds">Compares events by kind; the default equality if omitted.</param>
    public LogThrottle(TimeProvider time, Action<T> tell, Action<T, LogSum> sumUp, Func<T, T> fold, IEqualityComparer<T>? kinds = null)
    {
        _time = time;
        _tell = tell;
        _sumUp = sumUp;
        _fold = fold;
        _kinds = new(kinds);
        _timer = time.CreateTimer(static me => ((LogThrottle<T>)me!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Logs the event, or counts it for the next summary.</summary>
    public void Add(T what)
    {
        var isFirst = TryAdd(what, isFolded: false);
        if (isFirst is null)
        {
            what = _fold(what); // outside the lock: it is the caller's code
            isFirst = TryAdd(what, isFolded: true);
        }

        if (isFirst == true)
            Tell(what);
    }

    /// <summary>Logs the outstanding summaries; later events are ignored.</summary>
    public void Dispose()
    {
        lock (_sync)
            _isClosed = true;
        _timer.Dispose();
        SumUp(_due.Count);
    }

    /// <returns>Whether it is the first of its kind; <see langword="null"/> if there are too many kinds to add another.</returns>
    private bool? TryAdd(T what, bool isFolded)
    {
        var now = _time.GetTimestamp();
        lock (_sync)
        {
            if (_isClosed || IsCounted(what))
                return false;
            if (_kinds.Count >= MaxKinds && !isFolded)
                return null;

            var entry = new Entry(what, now);
            _kinds.Add(what, entry);
            _due.Enqueue(entry);
            if (_due.Count == 1)
                SetTimer(now);
            return true;
        }
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
        // Rounded up: a timer that fires too early, within the same millisecond, would only have to be set again.
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
            // A failing logger must end neither the current request nor, in the timer callback, the process.
        }
    }

    private sealed class Entry(T first, long since)
    {
        public T Last { get; set; } = first;

        public long Since { get; set; } = since;

        public long Count { get; set; }
    }
}

/// <summary>How many further events occurred, and in what time.</summary>
internal readonly record struct LogSum(long Count, TimeSpan Time)
{
    /// <summary>The time for display: whole seconds, at least one.</summary>
    public int Seconds => Math.Max(1, (int)Math.Round(Time.TotalSeconds));
}
