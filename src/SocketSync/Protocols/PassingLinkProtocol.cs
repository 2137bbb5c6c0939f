using System.Buffers;

namespace SocketSync;

/// <summary>Requests and replies pass as they are; nothing is known of a request but that it may change something.</summary>
internal abstract class PassingLinkProtocol : ILinkProtocol
{
    public virtual bool ExpectsReply(in ReadOnlySequence<byte> request) => true;

    // Even a query may have side effects: it takes a measurement, or an error from the device's queue.
    public bool IsRead(in ReadOnlySequence<byte> request) => false;

    public void WriteRequest(in ReadOnlySequence<byte> request, IBufferWriter<byte> link) => Pass(request, link);

    public abstract ReplyResult FindReply(
        in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent);

    public void WriteReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> reply, IBufferWriter<byte> client) =>
        Pass(reply, client);

    private static void Pass(in ReadOnlySequence<byte> bytes, IBufferWriter<byte> output)
    {
        foreach (var segment in bytes) output.Write(segment.Span);
    }
}

/// <summary>Every request has a reply, which ends as a request does.</summary>
/// <param name="replies">The clients' protocol, with the limit for replies.</param>
internal sealed class FramedLinkProtocol(IProtocol replies) : PassingLinkProtocol
{
    public override ReplyResult FindReply(
        in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent) =>
        ReplyResult.Of(replies.FindRequest(buffer, searched));

    /// <summary>Makes one whose replies are found by the protocol that <paramref name="create"/> makes.</summary>
    public static Func<LinkProtocolSetup, ILinkProtocol> By(Func<ProtocolOptions, IProtocol> create) =>
        setup => new FramedLinkProtocol(create(setup.Clients with { MaxRequestBytes = setup.MaxReplyBytes }));
}
