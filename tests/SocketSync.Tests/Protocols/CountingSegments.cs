using System.Buffers;

namespace SocketSync.Tests;

/// <summary>A sequence that counts how often its segments are looked into: work that is counted, where time would be guessed.</summary>
internal sealed class CountingSegments
{
    private Segment? _first;
    private Segment? _last;

    /// <summary>How often the bytes of a segment were asked for; to walk past it is not counted.</summary>
    public long Looks { get; private set; }

    public ReadOnlySequence<byte> Sequence => new(_first!, 0, _last!, _last!.Memory.Length);

    public void Add(byte[] bytes)
    {
        _last = new Segment(new Counted(this, bytes).Uncounted, _last);
        _first ??= _last;
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(Memory<byte> bytes, Segment? previous)
        {
            Memory = bytes;
            if (previous is null) return;
            RunningIndex = previous.RunningIndex + previous.Memory.Length;
            previous.Next = this;
        }
    }

    private sealed class Counted(CountingSegments counter, byte[] bytes) : MemoryManager<byte>
    {
        public Memory<byte> Uncounted => CreateMemory(bytes.Length);

        public override Span<byte> GetSpan()
        {
            counter.Looks++;
            return bytes;
        }

        public override MemoryHandle Pin(int elementIndex = 0) => throw new NotSupportedException();

        public override void Unpin()
        {
            // Never pinned.
        }

        protected override void Dispose(bool disposing)
        {
            // It holds nothing.
        }
    }
}
