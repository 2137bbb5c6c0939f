using System.Buffers;

namespace SocketSync.Tests;

/// <summary>Builds sequences as a pipe would: one array per segment, so that no span reaches past its own.</summary>
internal static class Segments
{
    /// <param name="bytes">The whole content.</param>
    /// <param name="cuts">Ascending positions in <paramref name="bytes"/>; equal ones, 0 and the end make empty segments.</param>
    public static ReadOnlySequence<byte> Of(byte[] bytes, params IReadOnlyList<int> cuts)
    {
        if (cuts.Count == 0) return new ReadOnlySequence<byte>(bytes);

        var first = new Segment(bytes[..cuts[0]], null);
        var last = first;
        for (var i = 0; i < cuts.Count; i++)
        {
            var end = i + 1 < cuts.Count ? cuts[i + 1] : bytes.Length;
            last = new Segment(bytes[cuts[i]..end], last);
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] bytes, Segment? previous)
        {
            Memory = bytes;
            if (previous is null) return;
            RunningIndex = previous.RunningIndex + previous.Memory.Length;
            previous.Next = this;
        }
    }
}
