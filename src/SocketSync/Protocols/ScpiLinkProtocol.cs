using System.Buffers;

namespace SocketSync;

/// <summary>A line with a query in it has one line for a reply, however many queries it holds; any other has none.</summary>
internal sealed class ScpiLinkProtocol : PassingLinkProtocol
{
    private readonly byte[] _delimiter;
    private readonly int _maxReplyBytes;

    public ScpiLinkProtocol(ReadOnlySpan<byte> delimiter, int maxReplyBytes)
    {
        if (delimiter.IsEmpty) throw new ArgumentException("A line needs a delimiter of at least one byte.", nameof(delimiter));
        ArgumentOutOfRangeException.ThrowIfLessThan(maxReplyBytes, delimiter.Length);
        _delimiter = delimiter.ToArray();
        _maxReplyBytes = maxReplyBytes;
    }

    public override bool ExpectsReply(in ReadOnlySequence<byte> request) => ScpiMessage.HoldsQuery(request);

    public override ReplyResult FindReply(
        in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent) =>
        ReplyResult.Of(ScpiMessage.FindResponse(buffer, _delimiter, _maxReplyBytes));
}
