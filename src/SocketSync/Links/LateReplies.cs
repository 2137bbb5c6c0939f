namespace SocketSync;

/// <summary>
/// The Modbus units of a serial line that were given up and may still reply. A late reply tells its unit, so that others are
/// asked meanwhile; the same unit is asked again only when its reply would have come.
/// </summary>
internal sealed class LateReplies(TimeProvider time)
{
    private readonly Dictionary<byte, long> _until = [];

    /// <summary>The unit has not replied; it may do so for another <paramref name="longest"/>.</summary>
    public void Expect(byte unit, TimeSpan longest) => _until[unit] = time.GetTimestamp() + time.ToTimestampTicks(longest);

    /// <summary>How long a reply of the unit to an earlier request may still come; <see langword="null"/> where none can.</summary>
    public TimeSpan? Remaining(byte unit)
    {
        if (_until.Count == 0 || !_until.TryGetValue(unit, out var until))
            return null;
        var remaining = time.GetElapsedTime(time.GetTimestamp(), until);
        if (remaining > TimeSpan.Zero)
            return remaining;
        _until.Remove(unit);
        return null;
    }

    /// <summary>The line was silent for so long that none comes any more.</summary>
    public void Forget(byte unit) => _until.Remove(unit);
}
