using System.Globalization;
using System.Text;

namespace SocketSync.Tests;

/// <summary>Modbus in the plainest way there is, from the tables of the specification, to compare with.</summary>
internal static class PlainModbus
{
    /// <summary>Bytes of hexadecimal digits, with spaces wherever they help.</summary>
    public static byte[] Hex(string text) => Convert.FromHexString(text.Replace(" ", "", StringComparison.Ordinal));

    /// <summary>Bit by bit, as the flow chart of the serial line specification goes.</summary>
    public static ushort Crc(IEnumerable<byte> bytes)
    {
        var crc = 0xFFFF;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                var carry = crc & 1;
                crc >>= 1;
                if (carry == 1) crc ^= 0xA001;
            }
        }

        return (ushort)crc;
    }

    public static byte[] Rtu(int unit, params byte[] pdu)
    {
        byte[] frame = [(byte)unit, .. pdu];
        var crc = Crc(frame);
        return [.. frame, (byte)crc, (byte)(crc >> 8)];
    }

    public static byte[] Tcp(int transaction, int unit, params byte[] pdu) =>
        [(byte)(transaction >> 8), (byte)transaction, 0, 0, (byte)((pdu.Length + 1) >> 8), (byte)(pdu.Length + 1), (byte)unit, .. pdu];

    public static byte[] Ascii(int unit, params byte[] pdu)
    {
        var text = ":";
        var lrc = 0;
        foreach (byte value in (byte[])[(byte)unit, .. pdu])
        {
            text += value.ToString("X2", CultureInfo.InvariantCulture);
            lrc = (lrc + value) % 256;
        }

        text += ((256 - lrc) % 256).ToString("X2", CultureInfo.InvariantCulture);
        return Encoding.ASCII.GetBytes(text + "\r\n");
    }

    /// <summary>A frame of <c>Tcp</c>, <c>Rtu</c> or <c>Ascii</c>; the transaction id is for the first.</summary>
    public static byte[] Frame(string framing, int transaction, int unit, params byte[] pdu) => framing switch
    {
        "Tcp" => Tcp(transaction, unit, pdu),
        "Rtu" => Rtu(unit, pdu),
        _ => Ascii(unit, pdu),
    };

    /// <summary>Transaction id, unit and PDU of a whole frame.</summary>
    public static (int Transaction, byte Unit, byte[] Pdu) Parse(string framing, byte[] frame) => framing switch
    {
        "Tcp" => ((frame[0] * 256) + frame[1], frame[6], frame[7..]),
        "Rtu" => (0, frame[0], frame[1..^2]),
        _ => (0, Convert.FromHexString(Encoding.ASCII.GetString(frame[1..3]))[0], Convert.FromHexString(Encoding.ASCII.GetString(frame[3..^4]))),
    };

    public static ModbusLinkProtocol Link(string clients, string device, int maxReplyBytes, ModbusUnits units) =>
        new(FramingOf(clients), FramingOf(device), maxReplyBytes, units, new ModbusTransactions());

    public static ModbusUnits Units(params (int Client, int Device)[] units) => new(units.ToDictionary(u => u.Client, u => u.Device));

    public static ModbusFraming FramingOf(string name) => name switch
    {
        "Tcp" => ModbusTcp.Framing,
        "Rtu" => ModbusRtu.Framing,
        _ => ModbusAscii.Framing,
    };

    public static bool IsIntactAscii(byte[] frame)
    {
        if (frame.Length is < 9 or > 513 || frame.Length % 2 == 0 || frame[0] != ':' || frame[^2] != 13 || frame[^1] != 10) return false;
        if (!frame[1..^2].All(b => char.IsAsciiHexDigit((char)b))) return false;
        return Convert.FromHexString(Encoding.ASCII.GetString(frame[1..^2])).Sum(b => b) % 256 == 0;
    }

    public static bool IsIntact(byte[] frame) =>
        frame.Length >= 4 && Crc(frame[..^2]) == (frame[^2] | (frame[^1] << 8));

    public static (FrameStatus Status, int Length) TcpRequest(int max, byte[] rest)
    {
        if ((rest.Length > 2 && rest[2] != 0) || (rest.Length > 3 && rest[3] != 0)) return (FrameStatus.Malformed, 0);
        if (rest.Length < 6) return (FrameStatus.Incomplete, 0);
        var counted = (rest[4] * 256) + rest[5];
        if (counted is < 2 or > 254) return (FrameStatus.Malformed, 0);
        if (counted + 6 > max) return (FrameStatus.TooLarge, 0);
        return rest.Length < counted + 6 ? (FrameStatus.Incomplete, 0) : (FrameStatus.Complete, counted + 6);
    }

    public static (FrameStatus Status, int Length) RtuRequest(int max, byte[] rest)
    {
        var length = RequestLength(rest);
        if (length is null) return rest.Length >= max ? (FrameStatus.TooLarge, 0) : (FrameStatus.Incomplete, 0);
        if (length > max) return (FrameStatus.TooLarge, 0);
        if (length > 256) return (FrameStatus.Malformed, 0);
        if (length > rest.Length) return (FrameStatus.Incomplete, 0);
        if (length > 0) return IsIntact(rest[..length.Value]) ? (FrameStatus.Complete, length.Value) : (FrameStatus.Malformed, 0);

        for (var end = 4; end <= rest.Length && end <= 256 && end <= max; end++)
            if (IsIntact(rest[..end])) return (FrameStatus.Complete, end);
        if (max < 256) return rest.Length >= max ? (FrameStatus.TooLarge, 0) : (FrameStatus.Incomplete, 0);
        return rest.Length >= 256 ? (FrameStatus.Malformed, 0) : (FrameStatus.Incomplete, 0);
    }

    // One character after the other, until it is told.
    public static (FrameStatus Status, int Length) AsciiRequest(int max, byte[] rest)
    {
        for (var at = 0; at < rest.Length; at++)
        {
            var isHex = char.IsAsciiHexDigit((char)rest[at]);
            if (at == 0 ? rest[at] != ':' : rest[at - 1] == 13 ? rest[at] != 10 : !isHex && rest[at] != 13) return (FrameStatus.Malformed, 0);
            var length = at + 1;
            if (rest[at] == 10) return IsIntactAscii(rest[..length]) ? (FrameStatus.Complete, length) : (FrameStatus.Malformed, 0);
            if (length == max && max < 513) return (FrameStatus.TooLarge, 0);
            if (length == 513) return (FrameStatus.Malformed, 0);
        }

        return (FrameStatus.Incomplete, 0);
    }

    // Of the whole frame; 0 where nothing tells it, null where it has not come yet.
    private static int? RequestLength(byte[] rest)
    {
        if (rest.Length < 2) return null;
        int? At(int index, int before) => rest.Length > index ? before + rest[index] : null;
        switch (rest[1])
        {
            case 1: case 2: case 3: case 4: case 5: case 6: return 8;
            case 7: case 11: case 12: case 17: return 4;
            case 8: return rest.Length < 4 ? null : rest[2] + rest[3] == 0 ? 0 : 8;
            case 15: case 16: return At(6, 9);
            case 20: case 21: return At(2, 5);
            case 22: return 10;
            case 23: return At(10, 13);
            case 24: return 6;
            case 43: return rest.Length < 3 ? null : rest[2] == 14 ? 7 : 0;
            default: return 0;
        }
    }
}
