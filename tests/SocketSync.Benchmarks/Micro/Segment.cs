using System.Buffers;

namespace SocketSync.Benchmarks;

/// <summary>One of several pieces in which bytes have come.</summary>
internal sealed class Segment : ReadOnlySequenceSegment<byte>
{
    private Segment(ReadOnlyMemory<byte> memory, long index) => (Memory, RunningIndex) = (memory, index);

    public static ReadOnlySequence<byte> Split(byte[] bytes, int at)
    {
        var last = new Segment(bytes.AsMemory(at), at);
        var first = new Segment(bytes.AsMemory(0, at), 0) { Next = last };
        return new(first, 0, last, last.Memory.Length);
    }
}
