namespace SocketSync;

/// <summary>
/// The Modbus units that are not asked for a while, since they have not answered so many requests in a row: else each request
/// to a unit that is not there would cost all others on the line its ReplyTimeout. After a rest one request tries the unit.
/// </summary>
/// <remarks>Thread-safe: requests are refused from other threads than that of the turn.</remarks>
internal sealed class RestingUnits(TimeProvider time)
{
    private readonly Lock _sync = new();
    private readonly Dictionary<byte, Silence> _silent = [];
    private volatile bool _isAnySilent;

    /// <summary>Whether some unit has not answered lately; else nothing need be looked up.</summary>
    public bool IsAnySilent => _isAnySilent;

    /// <summary>The units that rest at this moment, in their order.</summary>
    public IReadOnlyList<int> List(RestOptions options)
    {
        if (!_isAnySilent)
            return [];
        lock (_sync)
            return [.. _silent.Where(unit => Rests(unit.Value, options)).Select(unit => (int)unit.Key).Order()];
    }

    /// <summary>Whether a request to the unit is to be refused.</summary>
    public bool Rests(byte unit, RestOptions options)
    {
        if (!_isAnySilent)
            return false;
        lock (_sync)
            return _silent.TryGetValue(unit, out var silence) && Rests(silence, options);
    }

    /// <summary>A request to the unit has its turn.</summary>
    /// <returns><see langword="false"/>: it rests, and is not to be asked.</returns>
    public bool TryBegin(byte unit, RestOptions options)
    {
        if (!_isAnySilent)
            return true;
        lock (_sync)
        {
            if (!_silent.TryGetValue(unit, out var silence))
                return true;
            if (Rests(silence, options))
                return false;
            silence.IsTried = true;
            return true;
        }
    }

    /// <summary>The request has ended.</summary>
    /// <param name="unit">The unit that was asked.</param>
    /// <param name="hasAnswered"><see langword="null"/> where the unit can do nothing for it, as the link was lost.</param>
    /// <param name="options">How long it rests.</param>
    public void End(byte unit, bool? hasAnswered, RestOptions options)
    {
        if (!_isAnySilent && hasAnswered != false)
            return;
        lock (_sync)
        {
            if (!_silent.TryGetValue(unit, out var silence))
            {
                if (hasAnswered != false)
                    return;
                _silent[unit] = silence = new();
            }

            silence.IsTried = false;
            if (hasAnswered == true)
                _silent.Remove(unit);
            else if (hasAnswered == false)
                Extend(silence, options);
            _isAnySilent = _silent.Count > 0;
        }
    }

    private void Extend(Silence silence, RestOptions options)
    {
        if (silence.Failures < int.MaxValue)
            silence.Failures++;
        if (options.After == 0 || silence.Failures < options.After)
            return;
        silence.Rest = silence.Rest == TimeSpan.Zero
            ? options.First
            : TimeSpan.FromTicks(Math.Min(silence.Rest.Ticks * 2, options.Most.Ticks));
        silence.Until = time.GetTimestamp() + time.ToTimestampTicks(silence.Rest);
    }

    private bool Rests(Silence silence, RestOptions options) =>
        options.After > 0 && silence.Failures >= options.After && (silence.IsTried || time.GetTimestamp() < silence.Until);

    private sealed class Silence
    {
        /// <summary>In a row.</summary>
        public int Failures { get; set; }

        public TimeSpan Rest { get; set; }

        /// <summary>A timestamp.</summary>
        public long Until { get; set; }

        public bool IsTried { get; set; }
    }
}
