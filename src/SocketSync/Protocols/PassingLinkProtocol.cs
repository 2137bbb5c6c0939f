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
