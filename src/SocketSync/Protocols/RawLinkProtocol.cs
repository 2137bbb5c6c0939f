using System.Buffers;

namespace SocketSync;

/// <summary>A reply is whatever the device sends until it falls silent.</summary>
internal sealed class RawLinkProtocol(int maxReplyBytes) : PassingLinkProtocol
{
    public override ReplyResult FindReply(
        in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent)
    {
        if (buffer.Length > maxReplyBytes) return ReplyResult.Lost;
        return isSilent ? ReplyResult.Complete(buffer.Length) : ReplyResult.EndsBySilence;
    }
}
