using System.Buffers;

namespace SocketSync;

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
