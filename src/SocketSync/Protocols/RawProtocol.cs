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

    public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched) =>
        FrameResult.Complete(Math.Min(buffer.Length, _maxRequestBytes));

    public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output) => false;
}
