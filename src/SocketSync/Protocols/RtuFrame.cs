using System.Buffers;
using System.Buffers.Binary;

namespace SocketSync;

/// <summary>
/// The frame of Modbus on a serial line, "MODBUS over Serial Line V1.02", section 2.5.1: unit, the function with its data,
/// and a CRC. Nothing in it says where it ends; a function mostly does.
/// </summary>
internal static class RtuFrame
{
    public const int Shortest = 4;

    public const int Longest = Overhead + ModbusPdu.Longest;

    /// <summary>Reaches every unit, and none answers (2.1).</summary>
    public const byte Broadcast = 0;

    private const int CrcBytes = 2;
    private const int Overhead = 1 + CrcBytes;

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

    public static ReadOnlySpan<byte> Pdu(ReadOnlySpan<byte> frame) => frame[1..^CrcBytes];

    public static void Write(byte unit, ReadOnlySpan<byte> pdu, IBufferWriter<byte> output)
    {
        var length = Overhead + pdu.Length;
        var frame = output.GetSpan(length)[..length];
        frame[0] = unit;
        pdu.CopyTo(frame[1..]);
        BinaryPrimitives.WriteUInt16LittleEndian(frame[^CrcBytes..], ModbusCrc.Of(frame[..^CrcBytes]));
        output.Advance(length);
    }

    private static int FrameLength(int pdu) => pdu > 0 ? Overhead + pdu : pdu;
}
