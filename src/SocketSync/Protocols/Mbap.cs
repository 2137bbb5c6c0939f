using System.Buffers;
using System.Buffers.Binary;

namespace SocketSync;

/// <summary>
/// The frame of Modbus on TCP, "MODBUS Messaging on TCP/IP Implementation Guide V1.0b", section 3.1.3: transaction id,
/// protocol id (0), length of what follows, unit, and the function with its data.
/// </summary>
internal static class Mbap
{
    /// <summary>Up to and with the unit.</summary>
    public const int HeaderBytes = 7;

    public const int Shortest = HeaderBytes + 1;

    public const int Longest = HeaderBytes + ModbusPdu.Longest;

    private const int CountedFrom = 6; // the length counts the unit too

    /// <summary>Looks for a frame at the start of <paramref name="buffer"/>: the same for requests and replies.</summary>
    public static FrameResult Find(in ReadOnlySequence<byte> buffer, int maxBytes)
    {
        var header = ModbusPdu.Join(buffer, stackalloc byte[CountedFrom]);
        if ((header.Length > 2 && header[2] != 0) || (header.Length > 3 && header[3] != 0)) return FrameResult.Malformed;
        if (header.Length < CountedFrom) return FrameResult.Incomplete;

        var total = CountedFrom + BinaryPrimitives.ReadUInt16BigEndian(header[4..]);
        if (total is < Shortest or > Longest) return FrameResult.Malformed;
        if (total > maxBytes) return FrameResult.TooLarge;
        return buffer.Length < total ? FrameResult.Incomplete : FrameResult.Complete(total);
    }

    public static ushort Transaction(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt16BigEndian(frame);

    public static byte Unit(ReadOnlySpan<byte> frame) => frame[HeaderBytes - 1];

    public static ReadOnlySpan<byte> Pdu(ReadOnlySpan<byte> frame) => frame[HeaderBytes..];

    public static void Write(ushort transaction, byte unit, ReadOnlySpan<byte> pdu, IBufferWriter<byte> output)
    {
        var length = HeaderBytes + pdu.Length;
        var frame = output.GetSpan(length)[..length];
        BinaryPrimitives.WriteUInt16BigEndian(frame, transaction);
        BinaryPrimitives.WriteUInt16BigEndian(frame[2..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(frame[4..], (ushort)(pdu.Length + 1));
        frame[HeaderBytes - 1] = unit;
        pdu.CopyTo(frame[HeaderBytes..]);
        output.Advance(length);
    }
}
