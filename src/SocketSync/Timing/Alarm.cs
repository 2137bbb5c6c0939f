namespace SocketSync;

/// <summary>
/// A timer for one who sets a new time with every request but seldom lets it pass. Setting a later time than the one
/// that the timer already waits for is a comparison and no timer operation: the timer rings early, and the owner, who
/// knows what is really due, sets it again.
/// </summary>
/// <remarks>
/// Guaranteed: after <see cref="NotLaterThan"/> the owner is called at or soon after that time. Not guaranteed: that
/// anything is due when it is called. Not thread-safe: call it only under the lock that the owner's callback takes, and
/// begin the callback with <see cref="Rang"/>.
/// </remarks>
internal sealed class Alarm : IDisposable
{
    private const long Never = long.MaxValue;

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private long _set = Never;

    public Alarm(TimeProvider time, Action ring)
    {
        _time = time;
        _timer = time.CreateTimer(static state => ((Action)state!)(), ring, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Makes sure that the owner is called at <paramref name="timestamp"/> or before.</summary>
    public void NotLaterThan(long timestamp)
    {
        if (timestamp >= _set)
            return;

        _set = timestamp;
        // Rounded up: a timer that rings within the same millisecond, too early, would only be set again.
        var milliseconds = Math.Ceiling(_time.GetElapsedTime(_time.GetTimestamp(), timestamp).TotalMilliseconds);
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(milliseconds, 0)), Timeout.InfiniteTimeSpan);
    }

    /// <summary>Takes note that the timer has rung; the owner then sets what is due next.</summary>
    public void Rang() => _set = Never;

    public void Dispose() => _timer.Dispose();
}
