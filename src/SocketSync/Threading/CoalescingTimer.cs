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
