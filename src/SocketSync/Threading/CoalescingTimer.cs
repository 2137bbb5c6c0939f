namespace SocketSync;

/// <summary>
/// A timer for an owner who sets a new time with every request but seldom lets it pass. Setting a later time than the timer
/// already waits for is a comparison, not a timer operation: the timer fires early, and the owner, who knows what is really due,
/// sets it again.
/// </summary>
/// <remarks>
/// Guaranteed: after <see cref="NotLaterThan"/> the owner is called at or soon after that time. Not guaranteed: that anything is due
/// when it is called. Not thread-safe: use it only under the lock that the owner's callback takes, and begin the callback with
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

    /// <summary>Makes sure that the owner is called at <paramref name="timestamp"/> or before.</summary>
    public void NotLaterThan(long timestamp)
    {
        if (timestamp >= _set)
            return;

        _set = timestamp;
        // Rounded up: a timer that fires too early, within the same millisecond, would only be set again.
        var milliseconds = Math.Ceiling(_time.GetElapsedTime(_time.GetTimestamp(), timestamp).TotalMilliseconds);
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(milliseconds, 0)), Timeout.InfiniteTimeSpan);
    }

    /// <summary>The timer has fired; the owner then sets what is due next.</summary>
    public void Fired() => _set = Never;

    public void Dispose() => _timer.Dispose();
}

internal static class TimeProviderExtensions
{
    /// <summary>A time span in the units of <see cref="TimeProvider.GetTimestamp"/>.</summary>
    public static long ToTimestampTicks(this TimeProvider time, TimeSpan span) =>
        (long)(span.Ticks * ((double)time.TimestampFrequency / TimeSpan.TicksPerSecond));
}
