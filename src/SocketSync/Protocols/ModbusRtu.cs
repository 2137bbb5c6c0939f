using System.Buffers;
using System.Buffers.Binary;

namespace SocketSync;

/// <summary>
/// Modbus RTU. A request is a frame with the right CRC. Its function says how long it is; where it does not, the frame is the
/// shortest that its CRC makes one, since pauses, which tell it on a serial line, do not survive the way through a network.
/// </summary>
internal sealed class ModbusRtu : ModbusFraming
{
    private ModbusRtu()
    {
    }

    public static ModbusRtu Framing { get; } = new();

    public static ProtocolDefinition Definition { get; } = Define("ModbusRtu", Framing) with { FramesEndBySilence = true };

    public override int Shortest => RtuFrame.Shortest;

    public override bool IsOfSerialLine => true;

    public override FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched, int maxRequestBytes)
    {
        var bytes = ModbusPdu.Join(buffer, stackalloc byte[RtuFrame.Longest]);
        var length = RtuFrame.RequestLength(bytes);
        if (length > maxRequestBytes) return FrameResult.TooLarge;
        if (length > RtuFrame.Longest) return FrameResult.Malformed;
        if (length > bytes.Length) return FrameResult.Incomplete;
        if (length > 0) return RtuFrame.IsIntact(bytes[..length]) ? FrameResult.Complete(length) : FrameResult.Malformed;

        var allowed = bytes[..Math.Min(bytes.Length, maxRequestBytes)];
        if (length == ModbusPdu.Unknown && RtuFrame.ShortestIntact(allowed) is > 0 and var found) return FrameResult.Complete(found);
        if (allowed.Length == maxRequestBytes && maxRequestBytes < RtuFrame.Longest) return FrameResult.TooLarge;
        return allowed.Length == RtuFrame.Longest ? FrameResult.Malformed : FrameResult.Incomplete;
    }

    public override ReplyResult FindReply(
        in ModbusHead asked, in ReadOnlySequence<byte> buffer, long searched, bool isSilent, int maxReplyBytes) =>
        RtuReply.Find(asked, buffer, maxReplyBytes, isSilent);

    public override int FrameLength(int pdu) => RtuFrame.Overhead + pdu;

    public override int IntactReply(ReadOnlySpan<byte> bytes) =>
        RtuFrame.ReplyLength(bytes) is > 0 and var length && length <= bytes.Length && RtuFrame.IsIntact(bytes[..length]) ? length : 0;

    public override ModbusHead Head(ReadOnlySpan<byte> frame) => new(Transaction: 0, frame[0], frame[1]);

    public override ReadOnlySpan<byte> Pdu(ReadOnlySpan<byte> frame, Span<byte> scratch) => frame[1..^RtuFrame.CrcBytes];

    public override void Write(ushort transaction, byte unit, ReadOnlySpan<byte> pdu, IBufferWriter<byte> output)
    {
        var length = RtuFrame.Overhead + pdu.Length;
        var frame = output.GetSpan(length)[..length];
        frame[0] = unit;
        pdu.CopyTo(frame[1..]);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[^RtuFrame.CrcBytes..], ModbusCrc.Of(frame[..^RtuFrame.CrcBytes]));
        output.Advance(length);
    }
}

/// <summary>
/// The frame of Modbus on a serial line, "MODBUS over Serial Line V1.02", section 2.5.1: unit, the function with its data,
/// and a CRC. Nothing in it says where it ends; a function mostly does.
/// </summary>
internal static class RtuFrame
{
    public const int Shortest = 4;

    public const int Longest = Overhead + ModbusPdu.Longest;

    public const int CrcBytes = 2;

    /// <summary>The unit and the CRC.</summary>
    public const int Overhead = 1 + CrcBytes;

    public static bool IsIntact(ReadOnlySpan<byte> frame) => frame.Length >= Shortest && ModbusCrc.Of(frame) == 0;

    /// <inheritdoc cref="ModbusPdu.RequestLength"/>
    public static int RequestLength(ReadOnlySpan<byte> frame) => FrameLength(frame.Length < 2 ? ModbusPdu.NeedsMore : ModbusPdu.RequestLength(frame[1..]));

    /// <inheritdoc cref="ModbusPdu.ReplyLength"/>
    public static int ReplyLength(ReadOnlySpan<byte> frame) => FrameLength(frame.Length < 2 ? ModbusPdu.NeedsMore : ModbusPdu.ReplyLength(frame[1..]));

    /// <summary>The shortest intact frame at the start of <paramref name="bytes"/>; 0 when there is none.</summary>
    public static int ShortestIntact(ReadOnlySpan<byte> bytes)
    {
        var crc = ModbusCrc.Begin;
        for (var i = 0; i < bytes.Length; i++)
        {
            crc = ModbusCrc.Add(crc, bytes[i]);
            if (crc == 0 && i + 1 >= Shortest) return i + 1;
        }

        return 0;
    }

    private static int FrameLength(int pdu) => pdu > 0 ? Overhead + pdu : pdu;
}

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
