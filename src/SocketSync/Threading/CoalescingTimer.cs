namespace SocketSync;

/// <summary>
/// A timer for an owner that sets a new due time with every request but rarely lets it expire. Setting a later time than the
/// pending one costs a comparison, not a timer operation: the timer then fires early, and the owner, which knows the real due
/// time, sets it again.
/// </summary>
/// <remarks>
/// Guaranteed: after <see cref="NotLaterThan"/> the callback runs at or soon after that time. Not guaranteed: that anything is due
/// when it runs. Not thread-safe: call it only under the lock that the callback takes, and begin the callback with
/// <see cref="Fired"/>.
/// </remarks>
internal sealed class CoalescingTimer : IDisposable
{
    private const long Never = long.MaxValue;

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private long _set = Never;

    public CoalescingTimer(TimeProvider time, Action callback)
    {
        _time = time;
        _timer = time.CreateTimer(static state => ((Action)state!)(), callback, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Ensures that the callback runs at <paramref name="timestamp"/> or earlier.</summary>
    public void NotLaterThan(long timestamp)
    {
        if (timestamp >= _set)
            return;

        _set = timestamp;
        // Rounded up: a timer that fires too early, within the same millisecond, would only have to be set again.
        var milliseconds = Math.Ceiling(_time.GetElapsedTime(_time.GetTimestamp(), timestamp).TotalMilliseconds);
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(milliseconds, 0)), Timeout.InfiniteTimeSpan);
    }

    /// <summary>Records that the timer has fired; the owner then sets the next due time.</summary>
    public void Fired() => _set = Never;

    public void Dispose() => _timer.Dispose();
}

internal static class TimeProviderExtensions
{
    /// <summary>Converts a time span to the units of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public static long ToTimestampTicks(this TimeProvider time, TimeSpan span) =>
        (long)(span.Ticks * ((double)time.TimestampFrequency / TimeSpan.TicksPerSecond));
}

/// <summary>
/// A timeout for one waiting party, with a callback on expiry. Setting and clearing it usually costs no timer operation, see
/// <see cref="CoalescingTimer"/>.
/// </summary>
/// <remarks>
/// The callback can race with the end of the wait: <see cref="Passed"/> is then false again and the late callback is meaningless,
/// so the callback must do no more than wake the waiting party.
/// </remarks>
internal sealed class Deadline : IDisposable
{
    private const long Never = long.MaxValue;

    private readonly Lock _sync = new();
    private readonly TimeProvider _time;
    private readonly Action _passed;
    private readonly CoalescingTimer _timer;
    private long _due = Never;

    public Deadline(TimeProvider time, Action passed)
    {
        _time = time;
        _passed = passed;
        _timer = new CoalescingTimer(time, OnTimer);
    }

    /// <summary>Whether the deadline set last has expired.</summary>
    public bool Passed { get; private set; }

    public void Set(TimeSpan after)
    {
        lock (_sync)
        {
            Passed = false;
            _due = _time.GetTimestamp() + _time.ToTimestampTicks(after);
            _timer.NotLaterThan(_due);
        }
    }

    public void Clear()
    {
        lock (_sync)
        {
            Passed = false;
            _due = Never;
        }
    }

    public void Dispose() => _timer.Dispose();

    private void OnTimer()
    {
        lock (_sync)
        {
            _timer.Fired();
            if (_due == Never)
                return;
            if (_time.GetTimestamp() < _due)
            {
                _timer.NotLaterThan(_due);
                return;
            }

            _due = Never;
            Passed = true;
        }

        _passed();
    }
}
