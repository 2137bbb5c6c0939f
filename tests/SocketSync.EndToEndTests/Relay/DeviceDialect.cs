using System.Buffers.Binary;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>The language that a scripted device speaks; written from the specifications, with nothing of the product's.</summary>
internal abstract class DeviceDialect
{
    /// <summary>The length of the whole request at the start of what has come; 0: more is needed.</summary>
    public abstract int RequestLength(ReadOnlySpan<byte> bytes);

    /// <summary>What the request is for: no two requests of a test are for the same.</summary>
    public abstract string Key(ReadOnlySpan<byte> request);

    public abstract byte[] Reply(ReadOnlySpan<byte> request);

    /// <summary>A whole and valid reply, but to another request.</summary>
    public abstract byte[] ForeignReply(ReadOnlySpan<byte> request);

    protected static byte[] ReplyPdu(ReadOnlySpan<byte> pdu) => pdu[0] == 3
        ? [3, 2, pdu[1], pdu[2]] // One register, which holds its own address.
        : pdu[..5].ToArray(); // What was written, repeated.

    /// <summary>The function, and the address.</summary>
    protected static string KeyOf(ReadOnlySpan<byte> pdu) => $"{pdu[0]} {BinaryPrimitives.ReadUInt16BigEndian(pdu[1..])}";
}

/// <summary>A request is a line, and its reply the same line behind an equals sign.</summary>
internal sealed class LineDialect : DeviceDialect
{
    public override int RequestLength(ReadOnlySpan<byte> bytes) => bytes.IndexOf((byte)'\n') + 1;

    public override string Key(ReadOnlySpan<byte> request) => Encoding.Latin1.GetString(request[..^1]);

    public override byte[] Reply(ReadOnlySpan<byte> request) => [(byte)'=', .. request];

    public override byte[] ForeignReply(ReadOnlySpan<byte> request) => "=nobody's\n"u8.ToArray();
}

internal sealed class ModbusTcpDialect : DeviceDialect
{
    private const int Header = 7;

    public override int RequestLength(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Header) return 0;
        var length = 6 + BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        return bytes.Length < length ? 0 : length;
    }

    public override string Key(ReadOnlySpan<byte> request) => KeyOf(request[Header..]);

    public override byte[] Reply(ReadOnlySpan<byte> request) => Frame(request[..2], request[6], ReplyPdu(request[Header..]));

    public override byte[] ForeignReply(ReadOnlySpan<byte> request) =>
        Frame([(byte)(request[0] ^ 0x55), request[1]], request[6], [3, 2, 0xFF, 0xFF]);

    public static byte[] Frame(ReadOnlySpan<byte> transaction, byte unit, ReadOnlySpan<byte> pdu) =>
        [transaction[0], transaction[1], 0, 0, 0, (byte)(pdu.Length + 1), unit, .. pdu];
}

internal sealed class ModbusRtuDialect : DeviceDialect
{
    public override int RequestLength(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8) return 0;
        var length = bytes[1] == 16 ? 9 + bytes[6] : 8;
        return bytes.Length < length ? 0 : length;
    }

    public override string Key(ReadOnlySpan<byte> request) => KeyOf(request[1..]);

    public override byte[] Reply(ReadOnlySpan<byte> request) => Frame([request[0], .. ReplyPdu(request[1..])]);

    public override byte[] ForeignReply(ReadOnlySpan<byte> request) => Frame([(byte)(request[0] ^ 0x10), 3, 2, 0xFF, 0xFF]);

    /// <summary>Adds the checksum, by the bitwise division of the specification.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> bytes)
    {
        var crc = 0xFFFF;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xA001;
        }

        return [.. bytes, (byte)crc, (byte)(crc >> 8)];
    }
}

internal sealed class ModbusAsciiDialect : DeviceDialect
{
    public override int RequestLength(ReadOnlySpan<byte> bytes) => bytes.IndexOf((byte)'\n') + 1;

    public override string Key(ReadOnlySpan<byte> request) => KeyOf(Bytes(request).AsSpan(1));

    public override byte[] Reply(ReadOnlySpan<byte> request) => Frame([Bytes(request)[0], .. ReplyPdu(Bytes(request).AsSpan(1))]);

    public override byte[] ForeignReply(ReadOnlySpan<byte> request) => Frame([(byte)(Bytes(request)[0] ^ 0x10), 3, 2, 0xFF, 0xFF]);

    /// <summary>Adds the checksum, which makes the sum of all bytes 0, and writes them as text.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> bytes)
    {
        byte lrc = 0;
        foreach (var b in bytes) lrc -= b;
        return Encoding.ASCII.GetBytes($":{Convert.ToHexString(bytes)}{lrc:X2}\r\n");
    }

    /// <summary>The bytes of a frame, without its checksum, which must be right.</summary>
    private static byte[] Bytes(ReadOnlySpan<byte> frame)
    {
        var bytes = Convert.FromHexString(Encoding.ASCII.GetString(frame[1..^2]));
        Assert.Equal(Encoding.ASCII.GetString(Frame(bytes.AsSpan(0, bytes.Length - 1))), Encoding.ASCII.GetString(frame));
        return bytes[..^1];
    }
}
