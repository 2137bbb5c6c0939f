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

    public static ReplyResult Find(byte unit, byte function, in ReadOnlySequence<byte> buffer, int maxReplyBytes, bool isSilent)
    {
        var bytes = ModbusPdu.Join(buffer, stackalloc byte[Considered]);
        var length = RtuFrame.ReplyLength(bytes);
        var answers = Answers(bytes, unit, function);
        if (length > RtuFrame.Longest) return ReplyResult.Foreign(1); // no frame is so long: noise
        if (length > 0 && length <= bytes.Length)
        {
            if (!RtuFrame.IsIntact(bytes[..length])) return ReplyResult.Foreign(1); // a frame may begin at any later byte
            return answers ? Take(length, maxReplyBytes) : ReplyResult.Foreign(length);
        }

        return FindUnfinished(unit, function, bytes, maxReplyBytes, isSilent);
    }

    // What begins here is unfinished, or does not say how long it is.
    private static ReplyResult FindUnfinished(byte unit, byte function, ReadOnlySpan<byte> bytes, int maxReplyBytes, bool isSilent)
    {
        var isWithoutLength = false;
        for (var start = 0; start < bytes.Length; start++)
        {
            var rest = bytes[start..];
            if (!Answers(rest, unit, function)) continue;

            var length = RtuFrame.ReplyLength(rest);
            if (length == ModbusPdu.Unknown)
            {
                isWithoutLength = true;
                length = isSilent && rest.Length <= RtuFrame.Longest ? rest.Length : rest.Length + 1;
            }

            if (length > 0 && length <= rest.Length && RtuFrame.IsIntact(rest[..length]))
                return start == 0 ? Take(length, maxReplyBytes) : ReplyResult.Foreign(start);
            if (start == 0 && !isSilent) break; // it may be the reply, and what is within it another: its second half may take long
        }

        if (bytes.Length > RtuFrame.Longest) return ReplyResult.Foreign(1);
        return isWithoutLength && !isSilent ? ReplyResult.EndsBySilence : ReplyResult.Incomplete;
    }

    private static ReplyResult Take(int length, int maxReplyBytes) =>
        length > maxReplyBytes ? ReplyResult.Lost : ReplyResult.Complete(length);

    private static bool Answers(ReadOnlySpan<byte> frame, byte unit, byte function) =>
        frame.Length >= 2 && frame[0] == unit && ModbusPdu.Answers(frame[1], function);
}
