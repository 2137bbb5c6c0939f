namespace SocketSync;

/// <summary>Lets one warning through and then none for a while, so that a flood of causes is no flood of lines.</summary>
internal sealed class SeldomWarning(TimeProvider time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long? _warnedAt;

    /// <summary>Whether to warn now; asking counts as having warned.</summary>
    public bool IsDue()
    {
        lock (_lock)
        {
            if (_warnedAt is { } at && time.GetElapsedTime(at) < Interval)
                return false;

            _warnedAt = time.GetTimestamp();
            return true;
        }
    }
}
