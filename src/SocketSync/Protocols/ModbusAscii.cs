using System.Buffers;

namespace SocketSync;

/// <summary>
/// Modbus ASCII, "MODBUS over Serial Line V1.02", section 2.5.2: a colon, two hexadecimal digits for each byte of the unit, the
/// function with its data and the LRC, and CR LF. A frame has a beginning and an end of its own, and needs no silence.
/// </summary>
internal sealed class ModbusAscii : ModbusFraming
{
    public const int LongestFrame = Around + (2 * (Overhead + ModbusPdu.Longest));

    /// <summary>The longest frame of a request to read.</summary>
    public const int LongestReadFrame = Around + (2 * (Overhead + ModbusPdu.ReadLength));

    // Unit, function and LRC.
    private const int ShortestFrame = Around + (2 * (Overhead + 1));

    // The colon, CR and LF.
    private const int Around = 3;

    // The unit and the LRC, in bytes.
    private const int Overhead = 2;

    // Once more than the longest frame that is unfinished, so that noise is discarded in large pieces.
    private const int Considered = 2 * LongestFrame;

    // What FindEnd says of bytes that may still become a frame, and of those that cannot.
    private const int Unfinished = 0;
    private const int Broken = -1;

    private static readonly SearchValues<byte> Digits = SearchValues.Create("0123456789ABCDEFabcdef"u8);

    private ModbusAscii()
    {
    }

    public static ModbusAscii Framing { get; } = new();

    public static ProtocolDefinition Definition { get; } = Define("ModbusAscii", Framing);

    public override int Shortest => ShortestFrame;

    public override bool IsOfSerialLine => true;

    public override FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched, int maxRequestBytes)
    {
        var bytes = ModbusPdu.Join(buffer, stackalloc byte[LongestFrame]);
        var allowed = bytes[..Math.Min(bytes.Length, maxRequestBytes)];
        var end = FindEnd(allowed);
        if (end == Unfinished)
        {
            if (allowed.Length == maxRequestBytes && maxRequestBytes < LongestFrame) return FrameResult.TooLarge;
            return allowed.Length == LongestFrame ? FrameResult.Malformed : FrameResult.Incomplete;
        }

        return end > 0 && IsIntact(allowed[..end]) ? FrameResult.Complete(end) : FrameResult.Malformed;
    }

    /// <summary>
    /// A reply is known by unit, function and LRC. It is looked for from colon to colon, since noise may precede it and any frame
    /// may have lost its end.
    /// </summary>
    public override ReplyResult FindReply(
        in ModbusHead asked, in ReadOnlySequence<byte> buffer, long searched, bool isSilent, int maxReplyBytes)
    {
        var bytes = ModbusPdu.Join(buffer, stackalloc byte[Considered]);
        var end = FindEnd(bytes);
        if (end == Unfinished)
            return bytes.Length < LongestFrame ? ReplyResult.Incomplete : ReplyResult.Foreign(NextColon(bytes, 1));
        if (end == Broken)
            return ReplyResult.Foreign(NextColon(bytes, bytes[0] == ':' ? 1 : 0));

        var frame = bytes[..end];
        if (end > LongestFrame || !IsIntact(frame)) return ReplyResult.Foreign(end);
        var answer = Head(frame);
        if (!asked.IsAnsweredBy(answer.Unit, answer.Function) || !HasReplysLength(frame)) return ReplyResult.Foreign(end);
        return end > maxReplyBytes ? ReplyResult.Lost : ReplyResult.Complete(end);
    }

    public override int FrameLength(int pdu) => Around + (2 * (Overhead + pdu));

    public override int IntactReply(ReadOnlySpan<byte> bytes) =>
        !bytes.IsEmpty && FindEnd(bytes) is > 0 and var end && IsIntact(bytes[..end]) ? end : 0;

    public override ModbusHead Head(ReadOnlySpan<byte> frame)
    {
        Span<byte> head = stackalloc byte[2];
        Convert.FromHexString(frame[1..5], head, out _, out _);
        return new(Transaction: 0, head[0], head[1]);
    }

    public override ReadOnlySpan<byte> Pdu(ReadOnlySpan<byte> frame, Span<byte> scratch)
    {
        Convert.FromHexString(frame[3..^4], scratch, out _, out var length);
        return scratch[..length];
    }

    public override void Write(ushort transaction, byte unit, ReadOnlySpan<byte> pdu, IBufferWriter<byte> output)
    {
        var length = Around + (2 * (Overhead + pdu.Length));
        var frame = output.GetSpan(length)[..length];
        frame[0] = (byte)':';
        Convert.TryToHexString([unit], frame[1..], out _);
        Convert.TryToHexString(pdu, frame[3..], out _);
        Convert.TryToHexString([(byte)-(unit + Sum(pdu))], frame[^4..], out _);
        "\r\n"u8.CopyTo(frame[^2..]);
        output.Advance(length);
    }

    /// <summary>Whether the frame is as long as its function makes a reply: a request that a line's adapter sends back is not.</summary>
    private bool HasReplysLength(ReadOnlySpan<byte> frame)
    {
        var pdu = Pdu(frame, stackalloc byte[ModbusPdu.Longest]);
        return ModbusPdu.ReplyLength(pdu) is var length && (length == ModbusPdu.Unknown || length == pdu.Length);
    }

    /// <summary>How long the frame at the start of <paramref name="bytes"/> is, by its form alone.</summary>
    private static int FindEnd(ReadOnlySpan<byte> bytes)
    {
        if (bytes[0] != ':') return Broken;
        var digits = bytes[1..].IndexOfAnyExcept(Digits);
        if (digits < 0) return Unfinished;
        var end = 1 + digits;
        if (bytes[end] != '\r') return Broken;
        if (end + 1 == bytes.Length) return Unfinished;
        return bytes[end + 1] == '\n' ? end + 2 : Broken;
    }

    private static int NextColon(ReadOnlySpan<byte> bytes, int from) =>
        bytes[from..].IndexOf((byte)':') is >= 0 and var at ? from + at : bytes.Length;

    /// <summary>Whether the digits are whole bytes and their sum, LRC included, is 0: the LRC is the two's complement of the others'.</summary>
    private static bool IsIntact(ReadOnlySpan<byte> frame)
    {
        var digits = frame[1..^2];
        if (frame.Length is < ShortestFrame or > LongestFrame || digits.Length % 2 != 0) return false;
        Span<byte> bytes = stackalloc byte[LongestFrame / 2];
        Convert.FromHexString(digits, bytes, out _, out var length);
        return (byte)Sum(bytes[..length]) == 0;
    }

    private static int Sum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0;
        foreach (var value in bytes) sum += value;
        return sum;
    }
}
