using System.Buffers;

namespace SocketSync;

/// <summary>
/// As much of IEEE 488.2 as it takes to know a query (section 7.4.3) and the end of a response: strings (7.7.5, 8.7.8), and
/// definite-length blocks (7.7.6, 8.7.9), <c>#</c>, the count of digits, a length in so many digits, and so many bytes.
/// </summary>
internal static class ScpiMessage
{
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
    /// Looks for the end of a response. A block may hold the delimiter: were a screenshot cut at the first, its rest would be
    /// taken for the next reply.
    /// </summary>
    public static FrameResult FindResponse(in ReadOnlySequence<byte> buffer, ReadOnlySpan<byte> delimiter, int maxBytes)
    {
        var reader = new SequenceReader<byte>(buffer);
        var isInString = false;
        while (reader.TryAdvanceToAny([(byte)'"', (byte)'#', delimiter[0]], advancePastDelimiter: false))
        {
            var at = reader.Consumed;
            if (reader.IsNext(delimiter, advancePast: true))
                return reader.Consumed > maxBytes ? FrameResult.TooLarge : FrameResult.Complete(reader.Consumed);

            reader.TryRead(out var found);
            if (found == '"') isInString = !isInString;
            if (found != '#' || isInString || !BeginsElement(buffer.Slice(0, at))) continue;

            var length = ReadBlockLength(ref reader);
            if (reader.Consumed + length > maxBytes) return FrameResult.TooLarge;
            if (reader.Remaining < length) return FrameResult.Incomplete;
            reader.Advance(length);
        }

        return buffer.Length < maxBytes ? FrameResult.Incomplete : FrameResult.TooLarge;
    }

    // In free text ("Unit 5, Rack #14") a # means nothing.
    private static bool BeginsElement(in ReadOnlySequence<byte> before)
    {
        if (before.IsEmpty) return true;
        var last = before.Slice(before.Length - 1).FirstSpan[0];
        if (last is (byte)',' or (byte)';') return true;
        return last == ' ' && IsHeader(before.Slice(0, before.Length - 1));
    }

    private static bool IsHeader(in ReadOnlySequence<byte> before)
    {
        foreach (var segment in before)
        {
            foreach (var value in segment.Span)
            {
                if (!char.IsAsciiLetterOrDigit((char)value) && value is not ((byte)':' or (byte)'_' or (byte)'*')) return false;
            }
        }

        return true;
    }

    /// <summary>Reads what stands behind a <c>#</c>, if it is a block's length; else 0, and nothing is read.</summary>
    private static long ReadBlockLength(ref SequenceReader<byte> reader)
    {
        if (!reader.TryPeek(out var digits) || digits is < (byte)'1' or > (byte)'9') return 0;
        long length = 0;
        for (var i = 1; i <= digits - '0'; i++)
        {
            if (!reader.TryPeek(i, out var digit) || !char.IsAsciiDigit((char)digit)) return 0;
            length = (length * 10) + (digit - '0');
        }

        reader.Advance(1 + digits - '0');
        return length;
    }
}
