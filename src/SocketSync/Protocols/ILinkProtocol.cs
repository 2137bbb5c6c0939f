using System.Buffers;

namespace SocketSync;

/// <summary>
/// How a relay speaks to its device: what is written for a request, where the reply ends, and what the client gets for it.
/// No link and no clock. One instance serves the clients of one listener, one request at a time: it may remember under which id it
/// wrote the last, and how far it has looked for its reply, and nothing else. Outside a turn, and by several threads at once,
/// only <see cref="UnitOf"/>, <see cref="ReadKeyOf"/> and <see cref="WriteReply"/> are called.
/// </summary>
/// <remarks>A request here is always a whole one that <see cref="IProtocol.FindRequest"/> has found.</remarks>
internal interface ILinkProtocol
{
    /// <summary>Whether the device answers this request at all.</summary>
    bool ExpectsReply(in ReadOnlySequence<byte> request);

    /// <summary>
    /// Whether the request is known to change nothing, so that it may be written once more on a fresh link when the old
    /// one died before any byte of a reply.
    /// </summary>
    bool IsRead(in ReadOnlySequence<byte> request);

    /// <summary>
    /// The unit on the link that is asked, where a reply tells whose it is; <see langword="null"/> for other protocols, and for
    /// a request that no unit answers.
    /// </summary>
    byte? UnitOf(in ReadOnlySequence<byte> request) => null;

    /// <summary>
    /// What a request asks for that only reads, the same for equal requests of all clients of the link, whatever their framing;
    /// <see langword="null"/> for any other request. <see cref="UnitOfKey"/> says which unit it asks.
    /// </summary>
    ulong? ReadKeyOf(in ReadOnlySequence<byte> request) => null;

    /// <summary>The unit on the link that a request with this <see cref="ReadKeyOf"/> asks.</summary>
    static byte UnitOfKey(ulong key) => (byte)(key >> 40);

    /// <summary>Whether the device's reply says that it has not done what was asked.</summary>
    bool IsException(in ReadOnlySequence<byte> reply) => false;

    /// <summary>Writes the request as the device understands it; again, if it is to be written again.</summary>
    void WriteRequest(in ReadOnlySequence<byte> request, IBufferWriter<byte> link);

    /// <summary>Looks for the reply to <paramref name="request"/> at the start of what the device has sent.</summary>
    /// <param name="request">The request that was written last.</param>
    /// <param name="buffer">What the device has sent since and was not discarded; never empty.</param>
    /// <param name="searched">How many bytes of it an earlier call has seen in vain.</param>
    /// <param name="isSilent">
    /// The device has sent nothing more for ReplyQuietTime after an answer of <see cref="ReplyStatus.EndsBySilence"/>, or has closed
    /// the link: what ends by silence ends here.
    /// </param>
    /// <returns>
    /// With <paramref name="isSilent"/> too it may be <see cref="ReplyStatus.Incomplete"/>: the checksum shows that the
    /// silence was a pause. How the bytes are divided into segments changes nothing.
    /// </returns>
    ReplyResult FindReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent);

    /// <summary>
    /// What a serial line has brought before it fell silent, if <see cref="FindReply"/> has found no reply in it. Asked of reads only.
    /// </summary>
    /// <param name="request">The request that was written last.</param>
    /// <param name="heard">All that has come since, without the echo of what was written.</param>
    HeardReply Hear(in ReadOnlySequence<byte> request, ReadOnlySpan<byte> heard) => HeardReply.None;

    /// <summary>Writes what the client gets for the device's reply.</summary>
    void WriteReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> reply, IBufferWriter<byte> client);
}

/// <summary>What was heard of a reply that could not be found, see <see cref="ILinkProtocol.Hear"/>.</summary>
internal enum HeardReply
{
    /// <summary>Nothing that could be one: whole frames of others, or too few bytes. The reply may still come.</summary>
    None,

    /// <summary>Damaged bytes. They may have been the reply, or something before it.</summary>
    Damaged,

    /// <summary>The reply, whole but for its checksum: there will be no other.</summary>
    DamagedWhole,
}

/// <summary>What <see cref="ILinkProtocol.FindReply"/> found.</summary>
internal enum ReplyStatus
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,

    /// <summary>These bytes may be the whole reply: only silence tells.</summary>
    EndsBySilence,

    /// <summary>The first <see cref="ReplyResult.Length"/> bytes are the reply.</summary>
    Complete,

    /// <summary>The first <see cref="ReplyResult.Length"/> bytes, at least one, answer another request or none: to be discarded.</summary>
    Foreign,

    /// <summary>The place in the device's stream is lost, or the reply is larger than allowed: only a fresh link helps.</summary>
    Lost,
}

/// <summary>The answer of <see cref="ILinkProtocol.FindReply"/>.</summary>
/// <param name="Status">What was found.</param>
/// <param name="Length">The bytes concerned; 0 unless complete or foreign.</param>
internal readonly record struct ReplyResult(ReplyStatus Status, long Length)
{
    public static ReplyResult Incomplete => default;

    public static ReplyResult EndsBySilence => new(ReplyStatus.EndsBySilence, 0);

    public static ReplyResult Lost => new(ReplyStatus.Lost, 0);

    public static ReplyResult Complete(long length) => new(ReplyStatus.Complete, length);

    public static ReplyResult Foreign(long length) => new(ReplyStatus.Foreign, length);

    /// <summary>For replies that are framed as requests are: whatever is no frame has lost its place.</summary>
    public static ReplyResult Of(FrameResult found) => found.Status switch
    {
        FrameStatus.Incomplete => Incomplete,
        FrameStatus.Complete => Complete(found.Length),
        _ => Lost,
    };
}

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
