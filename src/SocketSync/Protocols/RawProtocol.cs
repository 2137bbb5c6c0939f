using System.Buffers;

namespace SocketSync;

/// <summary>A request is whatever one read brings, so the client's pauses and not its bytes divide the stream.</summary>
internal sealed class RawProtocol : IProtocol
{
    private readonly int _maxRequestBytes;

    public RawProtocol(int maxRequestBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRequestBytes, 1);
        _maxRequestBytes = maxRequestBytes;
    }

    public static ProtocolDefinition Definition { get; } = new("Raw", ErrorReply.Closing)
    {
        Create = static options => new RawProtocol(options.MaxRequestBytes),
        CreateLink = static setup => new RawLinkProtocol(setup.MaxReplyBytes),
    };

    public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched) =>
        FrameResult.Complete(Math.Min(buffer.Length, _maxRequestBytes));

    public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output) => false;
}

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
