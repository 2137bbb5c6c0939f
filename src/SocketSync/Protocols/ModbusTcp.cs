using System.Buffers;
using System.Buffers.Binary;

namespace SocketSync;

/// <summary>
/// The frame of Modbus on TCP, "MODBUS Messaging on TCP/IP Implementation Guide V1.0b", section 3.1.3: transaction id,
/// protocol id (0), length of what follows, unit, and the function with its data.
/// </summary>
internal sealed class ModbusTcp : ModbusFraming
{
    public const int ShortestFrame = HeaderBytes + 1;

    /// <summary>Up to and with the unit.</summary>
    private const int HeaderBytes = 7;

    private const int LongestFrame = HeaderBytes + ModbusPdu.Longest;

    private const int CountedFrom = 6; // the length counts the unit too

    private ModbusTcp()
    {
    }

    public static ModbusTcp Framing { get; } = new();

    public static ProtocolDefinition Definition { get; } = Define("ModbusTcp", Framing);

    public override int Shortest => ShortestFrame;

    public override bool IsOfSerialLine => false;

    public override FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched, int maxRequestBytes) => Find(buffer, maxRequestBytes);

    /// <summary>A reply is known by transaction id, unit and function.</summary>
    public override ReplyResult FindReply(
        in ModbusHead asked, in ReadOnlySequence<byte> buffer, long searched, bool isSilent, int maxReplyBytes)
    {
        var found = Find(buffer, maxReplyBytes);
        if (found.Status != FrameStatus.Complete) return ReplyResult.Of(found);
        var answer = Head(ModbusPdu.Join(buffer, stackalloc byte[ShortestFrame]));
        return answer.Transaction == asked.Transaction && asked.IsAnsweredBy(answer.Unit, answer.Function)
            ? ReplyResult.Complete(found.Length)
            : ReplyResult.Foreign(found.Length);
    }

    public override int FrameLength(int pdu) => HeaderBytes + pdu;

    public override int IntactReply(ReadOnlySpan<byte> bytes) => 0; // it has no checksum, and is not spoken on a line that damages it

    public override ModbusHead Head(ReadOnlySpan<byte> frame) =>
        new(BinaryPrimitives.ReadUInt16BigEndian(frame), frame[HeaderBytes - 1], frame[HeaderBytes]);

    public override ReadOnlySpan<byte> Pdu(ReadOnlySpan<byte> frame, Span<byte> scratch) => frame[HeaderBytes..];

    public override void Write(ushort transaction, byte unit, ReadOnlySpan<byte> pdu, IBufferWriter<byte> output)
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

    // The same for requests and replies.
    private static FrameResult Find(in ReadOnlySequence<byte> buffer, int maxBytes)
    {
        var header = ModbusPdu.Join(buffer, stackalloc byte[CountedFrom]);
        if ((header.Length > 2 && header[2] != 0) || (header.Length > 3 && header[3] != 0)) return FrameResult.Malformed;
        if (header.Length < CountedFrom) return FrameResult.Incomplete;

        var total = CountedFrom + BinaryPrimitives.ReadUInt16BigEndian(header[4..]);
        if (total is < ShortestFrame or > LongestFrame) return FrameResult.Malformed;
        if (total > maxBytes) return FrameResult.TooLarge;
        return buffer.Length < total ? FrameResult.Incomplete : FrameResult.Complete(total);
    }
}

/// <summary>
/// The transaction ids on a link. Each client counts on its own, many use one id for ever: were theirs sent on as they are,
/// a device that answers twice would answer the next client. So an id that was used lately gives way to another.
/// </summary>
internal sealed class ModbusTransactions
{
    private const int Remembered = 256;
    private const int None = -1;

    private readonly int[] _used = new int[Remembered];
    private int _next;
    private ushort _own = 0x7FFF; // clients begin to count at the other end

    public ModbusTransactions() => Array.Fill(_used, None);

    /// <summary>The id of the request that was written last.</summary>
    public ushort Current { get; private set; }

    /// <summary>Begins a transaction, under the id that the client gave it wherever possible.</summary>
    public ushort Begin(ushort wanted)
    {
        var id = wanted;
        while (_used.AsSpan().Contains(id)) id = ++_own;
        _used[_next] = id;
        _next = (_next + 1) % Remembered;
        return Current = id;
    }
}
