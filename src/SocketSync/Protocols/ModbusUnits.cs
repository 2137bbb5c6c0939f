namespace SocketSync;

/// <summary>The unit that a client names, and the one that the device is asked for; the same where nothing is said.</summary>
internal sealed class ModbusUnits
{
    private readonly byte[] _units = new byte[byte.MaxValue + 1];

    /// <exception cref="ArgumentOutOfRangeException">A unit is not 0 to 255.</exception>
    public ModbusUnits(IReadOnlyDictionary<int, int> units)
    {
        for (var unit = 0; unit < _units.Length; unit++) _units[unit] = (byte)unit;
        foreach (var (client, device) in units)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)client, byte.MaxValue, nameof(units));
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)device, byte.MaxValue, nameof(units));
            _units[client] = (byte)device;
        }
    }

    public byte OnLink(byte unit) => _units[unit];
}
