using System.Buffers;
using System.Buffers.Binary;

namespace SocketSync;

/// <summary>
/// What all framings have in common: a function code and its data, "MODBUS Application Protocol Specification V1.1b3",
/// sections 4.1 (sizes), 6 (functions) and 7 (exceptions).
/// </summary>
internal static class ModbusPdu
{
    public const int Longest = 253;

    /// <summary>The length of a request to read: the function, an address and a quantity (6.1 to 6.4).</summary>
    public const int ReadLength = 5;

    /// <summary>The length of an exception, the shortest of all replies.</summary>
    public const int ExceptionLength = 2;

    /// <summary>Set in the function code of an exception.</summary>
    public const byte ExceptionFlag = 0x80;

    /// <summary>The length depends on bytes that have not come yet.</summary>
    public const int NeedsMore = 0;

    /// <summary>The specification leaves the length to the frame around it.</summary>
    public const int Unknown = -1;

    /// <summary>Functions 1 to 4 read coils, inputs and registers, and change nothing (6.1 to 6.4).</summary>
    public static bool IsRead(byte function) => function is >= 1 and <= 4;

    /// <summary>Whether a reply of this function is one to a request of that: the same, or its exception.</summary>
    public static bool Answers(byte replyFunction, byte function) => replyFunction == function || replyFunction == (function | ExceptionFlag);

    /// <summary>The exception code for an error (7); <see langword="null"/> where there is none.</summary>
    public static byte? ExceptionCode(Outcome outcome) => outcome switch
    {
        Outcome.Denied => 0x01, // illegal function
        Outcome.DeniedAddress => 0x02, // illegal data address
        Outcome.Failed => 0x04, // server device failure
        Outcome.Busy => 0x06, // server device busy
        Outcome.Unavailable => 0x0A, // gateway path unavailable
        Outcome.Timeout => 0x0B, // gateway target device failed to respond
        _ => null,
    };

    /// <summary>The length of a request, or <see cref="NeedsMore"/> or <see cref="Unknown"/>; it may exceed <see cref="Longest"/>.</summary>
    /// <param name="pdu">What has come of it, not empty; more may follow.</param>
    public static int RequestLength(ReadOnlySpan<byte> pdu) => pdu[0] switch
    {
        >= 1 and <= 6 => 5,
        7 or 11 or 12 or 17 => 1,
        8 => DiagnosticsLength(pdu),
        15 or 16 => Counted(pdu, at: 5), // address, quantity, then the count
        20 or 21 => Counted(pdu, at: 1),
        22 => 7,
        23 => Counted(pdu, at: 9), // two addresses, two quantities, then the count
        24 => 3,
        43 => pdu.Length < 2 ? NeedsMore : pdu[1] == ReadDeviceIdentification ? 4 : Unknown,
        _ => Unknown,
    };

    /// <summary>The length of a reply, or <see cref="NeedsMore"/> or <see cref="Unknown"/>; it may exceed <see cref="Longest"/>.</summary>
    /// <param name="pdu">What has come of it, not empty; more may follow.</param>
    public static int ReplyLength(ReadOnlySpan<byte> pdu) => pdu[0] switch
    {
        >= ExceptionFlag => ExceptionLength,
        (>= 1 and <= 4) or 12 or 17 or 20 or 21 or 23 => Counted(pdu, at: 1),
        5 or 6 or 11 or 15 or 16 => 5,
        7 => 2,
        8 => DiagnosticsLength(pdu),
        22 => 7,
        24 => pdu.Length < 3 ? NeedsMore : 3 + BinaryPrimitives.ReadUInt16BigEndian(pdu[1..]),
        43 => pdu.Length < 2 ? NeedsMore : pdu[1] == ReadDeviceIdentification ? IdentificationLength(pdu) : Unknown,
        _ => Unknown,
    };

    /// <summary>The length of the reply to a read: a count, and a bit or a register for each that was asked for (6.1 to 6.4).</summary>
    /// <param name="pdu">The whole request, of a function that <see cref="IsRead"/>; <see cref="Unknown"/> if it has not the form of one.</param>
    public static int ReadReplyLength(ReadOnlySpan<byte> pdu)
    {
        if (pdu.Length != 5) return Unknown;
        var quantity = BinaryPrimitives.ReadUInt16BigEndian(pdu[3..]);
        return 2 + (pdu[0] <= 2 ? (quantity + 7) / 8 : 2 * quantity);
    }

    /// <summary>
    /// The bytes at the start of <paramref name="buffer"/>, as many as <paramref name="scratch"/> has room for, in one piece:
    /// where they are in one already they are not copied.
    /// </summary>
    public static ReadOnlySpan<byte> Join(in ReadOnlySequence<byte> buffer, Span<byte> scratch)
    {
        var length = (int)Math.Min(buffer.Length, scratch.Length);
        var first = buffer.FirstSpan;
        if (first.Length >= length) return first[..length];
        buffer.Slice(0, length).CopyTo(scratch);
        return scratch[..length];
    }

    // The MEI type of 6.21; that of 6.20 (CANopen) says nothing of its length.
    private const byte ReadDeviceIdentification = 14;

    private static int Counted(ReadOnlySpan<byte> pdu, int at) => pdu.Length <= at ? NeedsMore : at + 1 + pdu[at];

    // 6.8: a sub-function and two bytes of data, but for sub-function 0, which returns whatever data it is given.
    private static int DiagnosticsLength(ReadOnlySpan<byte> pdu) =>
        pdu.Length < 3 ? NeedsMore : pdu[1] == 0 && pdu[2] == 0 ? Unknown : 5;

    // 6.21: the seventh byte counts the objects, each of which is an id, a length and so many bytes.
    private static int IdentificationLength(ReadOnlySpan<byte> pdu)
    {
        const int header = 7;
        if (pdu.Length < header) return NeedsMore;
        var length = header;
        for (var objects = pdu[header - 1]; objects > 0; objects--)
        {
            if (length > Longest) break; // already more than there can be
            if (pdu.Length < length + 2) return NeedsMore;
            length += 2 + pdu[length + 1];
        }

        return length;
    }
}
