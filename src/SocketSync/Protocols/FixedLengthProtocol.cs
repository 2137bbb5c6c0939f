using System.Buffers;

namespace SocketSync;

/// <summary>Every request has the same length.</summary>
internal sealed class FixedLengthProtocol : IProtocol
{
    private readonly int _length;

    public FixedLengthProtocol(int length, int maxRequestBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, maxRequestBytes);
        _length = length;
    }

    public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched) =>
        buffer.Length < _length ? FrameResult.Incomplete : FrameResult.Complete(_length);

    public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output) => false;
}
