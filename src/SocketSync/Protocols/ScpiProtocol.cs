using System.Buffers;

namespace SocketSync;

/// <summary>
/// SCPI instruments. For the clients a program message is a line; only the link, which waits for the reply, must understand it.
/// </summary>
internal static class ScpiProtocol
{
    public static ProtocolDefinition Definition { get; } =
        LineProtocol.Define("Scpi", static setup => new ScpiLinkProtocol(Delimiter.Of(setup.Clients), setup.MaxReplyBytes)) with
        {
            Envelope = static _ => ([], "?\n"u8.ToArray()), // a command would have no reply
            Commands = static options => new CommandLanguage(Delimiter.Of(options), isScpi: true),
        };
}

/// <summary>A line with a query in it has one line for a reply, however many queries it holds; any other has none.</summary>
internal sealed class ScpiLinkProtocol : PassingLinkProtocol
{
    private readonly ScpiResponse _response;

    public ScpiLinkProtocol(ReadOnlySpan<byte> delimiter, int maxReplyBytes)
    {
        if (delimiter.IsEmpty) throw new ArgumentException("A line needs a delimiter of at least one byte.", nameof(delimiter));
        ArgumentOutOfRangeException.ThrowIfLessThan(maxReplyBytes, delimiter.Length);
        _response = new(delimiter, maxReplyBytes);
    }

    public override bool ExpectsReply(in ReadOnlySequence<byte> request) => ScpiMessage.HoldsQuery(request);

    public override ReplyResult FindReply(
        in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent) =>
        ReplyResult.Of(_response.Find(buffer, searched));
}

/// <summary>
/// As much of IEEE 488.2 as it takes to know a query (section 7.4.3): strings (7.7.5), and definite-length blocks (7.7.6),
/// <c>#</c>, the count of digits, a length in so many digits, and so many bytes.
/// </summary>
internal static class ScpiMessage
{
    /// <summary>It is no block of a stated length.</summary>
    public const long NoBlock = -1;

    /// <summary>Whether it is one depends on bytes that have not come yet.</summary>
    public const long NeedsMore = -2;

    /// <summary>Whether a program message asks for something: it holds a <c>?</c> that is in no string and in no block.</summary>
    public static bool HoldsQuery(in ReadOnlySequence<byte> message)
    {
        var reader = new SequenceReader<byte>(message);
        while (reader.TryAdvanceToAny("?\"'#"u8, advancePastDelimiter: false))
        {
            reader.TryRead(out var found);
            switch (found)
            {
                case (byte)'?':
                    return true;
                case (byte)'#':
                    if (reader.IsNext((byte)'0')) return false; // an indefinite block: all the rest of the message
                    if (ReadBlockLength(ref reader) is > 0 and var length) reader.Advance(Math.Min(length, reader.Remaining));
                    break;
                default:
                    // A doubled quote ends the string and at once begins it anew.
                    if (!reader.TryAdvanceTo(found)) return false;
                    break;
            }
        }

        return false;
    }

    /// <summary>
    /// Reads what stands behind a <c>#</c>, if it is a block's length; else <see cref="NoBlock"/>, or <see cref="NeedsMore"/>
    /// where the bytes end before that is told, and nothing is read.
    /// </summary>
    public static long ReadBlockLength(ref SequenceReader<byte> reader)
    {
        if (!reader.TryPeek(out var digits)) return NeedsMore;
        if (digits is < (byte)'1' or > (byte)'9') return NoBlock;
        long length = 0;
        for (var i = 1; i <= digits - '0'; i++)
        {
            if (!reader.TryPeek(i, out var digit)) return NeedsMore;
            if (!char.IsAsciiDigit((char)digit)) return NoBlock;
            length = (length * 10) + (digit - '0');
        }

        reader.Advance(1 + digits - '0');
        return length;
    }
}
