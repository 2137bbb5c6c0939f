namespace SocketSync;

/// <summary>
/// For how long a record has been seen unchanged, by this node's own clock. Time of which the store has said nothing does not
/// count: neither while it is away, nor while this process is stopped, nor when the clock leaps.
/// </summary>
internal sealed class LeaseWatch(TimeProvider time, LeaseTimes times)
{
    private string? _etag;
    private long _interruptions;
    private long _since;
    private long _last;
    private bool _isWatching;

    /// <summary>How long to wait before the next look.</summary>
    public TimeSpan NextLook
    {
        get
        {
            var left = _isWatching ? times.Lease + times.Margin - time.GetElapsedTime(_since) : times.LookEvery;
            return left < times.LookEvery ? TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(left.TotalMilliseconds))) : times.LookEvery;
        }
    }

    /// <summary>The store has answered.</summary>
    /// <param name="etag">The version of the record.</param>
    /// <param name="interruptions">See <see cref="ClusterStore.Interruptions"/>.</param>
    /// <returns>Whether its owner's term has ended, if it has not been renewed by now.</returns>
    public bool Saw(string etag, long interruptions)
    {
        var now = time.GetTimestamp();
        if (!_isWatching || !string.Equals(etag, _etag, StringComparison.Ordinal) || interruptions != _interruptions
            || time.GetElapsedTime(_last, now) > times.MaxBetweenLooks)
        {
            _isWatching = true;
            _etag = etag;
            _interruptions = interruptions;
            _since = now;
        }

        _last = now;
        return time.GetElapsedTime(_since, now) >= times.Lease + times.Margin;
    }

    /// <summary>The store has not answered, or the record was changed.</summary>
    public void Restart() => _isWatching = false;
}
