namespace SocketSync;

/// <summary>
/// The CRC-16 of "MODBUS over Serial Line V1.02", appendix B (LRC/CRC generation): polynomial A001 reflected, begun with FFFF,
/// sent low byte first.
/// </summary>
internal static class ModbusCrc
{
    public const ushort Begin = 0xFFFF;

    private static readonly ushort[] Table = MakeTable();

    /// <summary>Over a frame together with the CRC at its end this comes to 0, if and only if that CRC is right.</summary>
    public static ushort Of(ReadOnlySpan<byte> bytes)
    {
        var crc = Begin;
        foreach (var value in bytes) crc = Add(crc, value);
        return crc;
    }

    public static ushort Add(ushort crc, byte value) => (ushort)((crc >> 8) ^ Table[(byte)(crc ^ value)]);

    private static ushort[] MakeTable()
    {
        const int polynomial = 0xA001;
        var table = new ushort[256];
        for (var value = 0; value < table.Length; value++)
        {
            var crc = value;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ polynomial;
            table[value] = (ushort)crc;
        }

        return table;
    }
}
