namespace SocketSync;

/// <summary>
/// The Modbus units of a serial line that did not reply in time and may still do so. A late reply tells which unit it is from, so
/// other units are asked meanwhile; the same unit is asked again only when its reply cannot come any more.
/// </summary>
internal sealed class LateReplies(TimeProvider time)
{
    private readonly Dictionary<byte, long> _until = [];

    /// <summary>The unit has not replied; it may still do so for <paramref name="longest"/>.</summary>
    public void Expect(byte unit, TimeSpan longest) => _until[unit] = time.GetTimestamp() + time.ToTimestampTicks(longest);

    /// <summary>How long a reply of the unit to an earlier request may still come; <see langword="null"/> if none can.</summary>
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

    /// <summary>The line was silent for so long that no late reply of the unit can come any more.</summary>
    public void Forget(byte unit) => _until.Remove(unit);
}

/// <summary>
/// The Modbus units that are not asked for a while, since they have not answered several requests in a row. Otherwise each
/// request to an absent unit would cost everybody else on the line its ReplyTimeout. After the rest, one request tries the unit.
/// </summary>
/// <remarks>Thread-safe: requests are also refused outside of the turn.</remarks>
internal sealed class RestingUnits(TimeProvider time)
{
    private readonly Lock _sync = new();
    private readonly Dictionary<byte, SilentUnit> _silent = [];
    private volatile bool _isAnySilent;

    /// <summary>Whether some unit has not answered lately; if not, there is nothing to look up.</summary>
    public bool IsAnySilent => _isAnySilent;

    /// <summary>The units that rest at this moment, in order.</summary>
    public IReadOnlyList<int> List(RestOptions options)
    {
        if (!_isAnySilent)
            return [];
        lock (_sync)
            return [.. _silent.Where(unit => Rests(unit.Value, options)).Select(unit => (int)unit.Key).Order()];
    }

    /// <summary>Whether a request to the unit must be refused.</summary>
    public bool Rests(byte unit, RestOptions options)
    {
        if (!_isAnySilent)
            return false;
        lock (_sync)
            return _silent.TryGetValue(unit, out var silent) && Rests(silent, options);
    }

    /// <summary>A request to the unit has its turn.</summary>
    /// <returns><see langword="false"/>: the unit rests and must not be asked.</returns>
    public bool TryBegin(byte unit, RestOptions options)
    {
        if (!_isAnySilent)
            return true;
        lock (_sync)
        {
            if (!_silent.TryGetValue(unit, out var silent))
                return true;
            if (Rests(silent, options))
                return false;
            silent.IsTried = true;
            return true;
        }
    }

    /// <summary>The request has ended.</summary>
    /// <param name="unit">The unit that was asked.</param>
    /// <param name="hasAnswered"><see langword="null"/> if it says nothing about the unit, since the link was lost.</param>
    /// <param name="options">How long units rest.</param>
    public void End(byte unit, bool? hasAnswered, RestOptions options)
    {
        if (!_isAnySilent && hasAnswered != false)
            return;
        lock (_sync)
        {
            if (!_silent.TryGetValue(unit, out var silent))
            {
                if (hasAnswered != false)
                    return;
                _silent[unit] = silent = new();
            }

            silent.IsTried = false;
            if (hasAnswered == true)
                _silent.Remove(unit);
            else if (hasAnswered == false)
                Extend(silent, options);
            _isAnySilent = _silent.Count > 0;
        }
    }

    private void Extend(SilentUnit silent, RestOptions options)
    {
        if (silent.Failures < int.MaxValue)
            silent.Failures++;
        if (options.After == 0 || silent.Failures < options.After)
            return;
        silent.Rest = silent.Rest == TimeSpan.Zero
            ? options.First
            : TimeSpan.FromTicks(Math.Min(silent.Rest.Ticks * 2, options.Most.Ticks));
        silent.Until = time.GetTimestamp() + time.ToTimestampTicks(silent.Rest);
    }

    private bool Rests(SilentUnit silent, RestOptions options) =>
        options.After > 0 && silent.Failures >= options.After && (silent.IsTried || time.GetTimestamp() < silent.Until);

    private sealed class SilentUnit
    {
        /// <summary>In a row.</summary>
        public int Failures { get; set; }

        public TimeSpan Rest { get; set; }

        /// <summary>When the rest ends, as a timestamp.</summary>
        public long Until { get; set; }

        /// <summary>A request to the unit is under way.</summary>
        public bool IsTried { get; set; }
    }
}
