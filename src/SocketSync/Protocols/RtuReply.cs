using System.Buffers;

namespace SocketSync;

/// <summary>
/// Finds the reply to a request in what comes from a serial line: noise, the replies of other units, late ones, and halves.
/// A frame is taken only with the right unit, function and CRC.
/// </summary>
internal static class RtuReply
{
    // A whole frame behind the longest that may still be unfinished.
    private const int Considered = 2 * RtuFrame.Longest;

    /// <summary>So much is looked at in one go: where a frame may begin in it is tried once, and not again for each byte of noise before it.</summary>
    private const int AtOnce = 4 * Considered;

    public static ReplyResult Find(in ModbusHead asked, in ReadOnlySequence<byte> buffer, int maxReplyBytes, bool isSilent)
    {
        var bytes = ModbusPdu.Join(buffer, stackalloc byte[AtOnce]);
        Span<bool> broken = stackalloc bool[AtOnce];
        var discarded = 0;
        while (true)
        {
            var considered = bytes.Slice(discarded, Math.Min(Considered, bytes.Length - discarded));
            var found = FindAtStart(asked, considered, broken[discarded..], maxReplyBytes, isSilent);
            if (found.Status != ReplyStatus.Foreign) return discarded == 0 ? found : ReplyResult.Foreign(discarded);
            discarded += (int)found.Length;
            var left = bytes.Length - discarded;
            if (left == 0 || (left < Considered && bytes.Length < buffer.Length)) return ReplyResult.Foreign(discarded);
        }
    }

    private static ReplyResult FindAtStart(in ModbusHead asked, ReadOnlySpan<byte> bytes, Span<bool> broken, int maxReplyBytes, bool isSilent)
    {
        var length = RtuFrame.ReplyLength(bytes);
        if (length > RtuFrame.Longest) return ReplyResult.Foreign(1); // no frame is so long: noise
        if (length <= 0 || length > bytes.Length) return FindUnfinished(asked, bytes, broken, maxReplyBytes, isSilent);
        if (broken[0] || !RtuFrame.IsIntact(bytes[..length])) return ReplyResult.Foreign(1); // a frame may begin at any later byte
        return Answers(bytes, asked) ? Take(length, maxReplyBytes) : ReplyResult.Foreign(length);
    }

    // What begins here is unfinished, or does not say how long it is.
    private static ReplyResult FindUnfinished(in ModbusHead asked, ReadOnlySpan<byte> bytes, Span<bool> broken, int maxReplyBytes, bool isSilent)
    {
        var isWithoutLength = false;
        for (var start = 0; start < bytes.Length; start++)
        {
            var rest = bytes[start..];
            if (broken[start] || !Answers(rest, asked)) continue;

            var length = RtuFrame.ReplyLength(rest);
            var isKnown = length != ModbusPdu.Unknown;
            if (!isKnown)
            {
                isWithoutLength = true;
                length = isSilent && rest.Length <= RtuFrame.Longest ? rest.Length : rest.Length + 1;
            }

            if (length > 0 && length <= rest.Length)
            {
                if (RtuFrame.IsIntact(rest[..length])) return start == 0 ? Take(length, maxReplyBytes) : ReplyResult.Foreign(start);
                broken[start] = isKnown;
            }

            if (start == 0 && !isSilent) break; // it may be the reply, and what is within it another: its second half may take long
        }

        if (bytes.Length > RtuFrame.Longest) return ReplyResult.Foreign(1);
        return isWithoutLength && !isSilent ? ReplyResult.EndsBySilence : ReplyResult.Incomplete;
    }

    private static ReplyResult Take(int length, int maxReplyBytes) =>
        length > maxReplyBytes ? ReplyResult.Lost : ReplyResult.Complete(length);

    private static bool Answers(ReadOnlySpan<byte> frame, in ModbusHead asked) =>
        frame.Length >= 2 && asked.IsAnsweredBy(frame[0], frame[1]);
}
