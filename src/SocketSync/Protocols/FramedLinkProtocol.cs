using System.Buffers;

namespace SocketSync;

/// <summary>Every request has a reply, which ends as a request does: Line, LengthPrefixed and FixedLength.</summary>
/// <param name="replies">The clients' protocol, with the limit for replies.</param>
internal sealed class FramedLinkProtocol(IProtocol replies) : PassingLinkProtocol
{
    public override ReplyResult FindReply(
        in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent) =>
        ReplyResult.Of(replies.FindRequest(buffer, searched));
}
