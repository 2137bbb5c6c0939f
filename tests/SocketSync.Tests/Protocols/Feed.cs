using System.Buffers;
using System.Globalization;

namespace SocketSync.Tests;

/// <summary>What a stream came to: the lengths of its requests, one after the other from its start, and the answer to the rest.</summary>
internal sealed record Framing(IReadOnlyList<long> Lengths, FrameStatus End)
{
    public override string ToString() =>
        string.Join(' ', Lengths.Select(l => l.ToString(CultureInfo.InvariantCulture)).Append(End.ToString()));
}

/// <summary>Gives a stream to a protocol the way a connection does, and checks what holds for every answer on the way.</summary>
internal sealed class Feed(IProtocol protocol, int maxRequestBytes)
{
    public Feed(ProtocolOptions options) : this(ProtocolCatalog.Create(options), options.MaxRequestBytes)
    {
    }

    /// <summary>What all calls of the protocol together have allocated, in bytes.</summary>
    public long Allocated { get; private set; }

    /// <summary>The whole stream at once, in one piece.</summary>
    public Framing Whole(byte[] stream) => Run(stream, [], []);

    /// <summary>Every way to receive a stream that is divided at <paramref name="cuts"/> gives the framing that is expected.</summary>
    public void AssertEveryWay(string expected, byte[] stream, params int[] cuts)
    {
        AssertWay("at once, in segments", expected, stream, [], cuts);
        AssertWay("piece by piece, in one growing buffer", expected, stream, cuts, []);
        AssertWay("piece by piece, each a segment", expected, stream, cuts, cuts);
    }

    /// <param name="stream">All that the client sends.</param>
    /// <param name="arrivals">Ascending positions up to which the stream has come when the protocol is asked, before its end.</param>
    /// <param name="cuts">Ascending positions at which the buffer is divided into segments.</param>
    public Framing Run(byte[] stream, int[] arrivals, int[] cuts)
    {
        var all = Segments.Of(stream, cuts);
        var lengths = new List<long>();
        long consumed = 0;
        long seen = 0;
        foreach (var arrived in arrivals.Append(stream.Length))
        {
            while (arrived > Math.Max(consumed, seen))
            {
                var found = Ask(all.Slice(consumed, arrived - consumed), Math.Max(0, seen - consumed));
                switch (found.Status)
                {
                    case FrameStatus.Complete:
                        lengths.Add(found.Length);
                        consumed += found.Length;
                        break;
                    case FrameStatus.Incomplete:
                        seen = arrived;
                        break;
                    default:
                        return new Framing(lengths, found.Status);
                }
            }
        }

        return new Framing(lengths, FrameStatus.Incomplete);
    }

    private FrameResult Ask(in ReadOnlySequence<byte> buffer, long searched)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var found = protocol.FindRequest(buffer, searched);
        Allocated += GC.GetAllocatedBytesForCurrentThread() - before;

        var sound = found.Status switch
        {
            FrameStatus.Complete => found.Length >= 1 && found.Length <= Math.Min(buffer.Length, maxRequestBytes),
            FrameStatus.Incomplete => found.Length == 0 && buffer.Length < maxRequestBytes,
            _ => found.Length == 0,
        };
        if (!sound)
            Assert.Fail($"{found} for a buffer of {buffer.Length} bytes, {searched} of them searched, where {maxRequestBytes} are allowed.");
        return found;
    }

    private void AssertWay(string way, string expected, byte[] stream, int[] arrivals, int[] cuts)
    {
        var got = Run(stream, arrivals, cuts).ToString();
        if (!string.Equals(expected, got, StringComparison.Ordinal))
            Assert.Fail($"{way}, cut at {string.Join(',', cuts.Concat(arrivals).Distinct())}: expected {expected}, got {got}.");
    }
}
