using System.Buffers;
using CsCheck;

namespace SocketSync.Tests;

/// <summary>Noise is searched in one go, and comes to the same as when each byte of it is looked at by itself.</summary>
public class RtuReplyTests
{
    private const byte Unit = 5;

    private static readonly byte[][] Pieces =
    [
        [Unit], [3], [0x83], [100], [250], [0], [9], [Unit, 3], [Unit, 3, 2], [Unit, 3, 250], [Unit, 100], [9, 100], [9, 3, 2],
        PlainModbus.Rtu(9, [3, 2, 0, 1]), PlainModbus.Rtu(Unit, [4, 2, 0, 1]), PlainModbus.Rtu(9, [100, 1, 2]), new byte[40],
    ];

    private static readonly Gen<byte[]> GenNoise = Gen.Select(
        Gen.Int[0, Pieces.Length - 1].Array[0, 8], Gen.Int[1, 400], Gen.Int[0, Pieces.Length - 1].Array[0, 8],
        (repeated, times, more) => Enumerable.Repeat(repeated, times).SelectMany(r => r).Take(1000).Concat(more).SelectMany(i => Pieces[i]).Take(3000).ToArray());

    [Fact]
    public void TheSameIsFoundAsStepByStep() =>
        Gen.Select(GenNoise, Gen.Bool, Gen.Int[0, 2], Gen.Int[0, 3000].Array[0, 4]).Sample(
            (noise, isSilent, kind, cuts) =>
            {
                byte function = kind == 2 ? (byte)100 : (byte)3;
                byte[] sent = kind == 0 ? noise : [.. noise, .. PlainModbus.Rtu(Unit, function == 3 ? [3, 2, 0, 1] : [100, 7, 7])];
                var buffer = Segments.Of(sent, [.. cuts.Where(c => c <= sent.Length).Order()]);
                Assert.Equal(Run(sent, bytes => Plainly(bytes, function, isSilent)), Run(buffer, b => RtuReply.Find(new(0, Unit, function), b, 1000, isSilent)));
            },
            iter: 200);

    [Fact]
    public void NoiseIsNotLookedAtForEachByteOfIt()
    {
        const int Size = 64;
        var segments = new CountingSegments();
        // Each third byte may begin a reply that is never intact, behind what does not say how long it is.
        byte[] noise = [.. Enumerable.Range(0, 1 << 18).Select(i => (i % 3) switch { 0 => (byte)100, 1 => (byte)3, _ => (byte)200 })];
        foreach (var part in noise.Chunk(Size)) segments.Add(part);
        var (status, discarded) = Run(segments.Sequence, buffer => RtuReply.Find(new(0, 100, 3), buffer, 1000, isSilent: false));
        Assert.Equal(ReplyStatus.Incomplete, status);
        Assert.InRange(discarded, noise.Length - RtuFrame.Longest, noise.Length);
        Assert.InRange(segments.Looks, noise.Length / Size, 3 * noise.Length / Size);
    }

    private static (ReplyStatus Status, long Discarded) Run(ReadOnlySequence<byte> buffer, Func<ReadOnlySequence<byte>, ReplyResult> find)
    {
        long discarded = 0;
        while (!buffer.IsEmpty)
        {
            var found = find(buffer);
            if (found.Status != ReplyStatus.Foreign) return (found.Status, discarded);
            discarded += found.Length;
            buffer = buffer.Slice(found.Length);
        }

        return (ReplyStatus.Incomplete, discarded);
    }

    private static (ReplyStatus Status, long Discarded) Run(byte[] sent, Func<byte[], ReplyResult> find) =>
        Run(new ReadOnlySequence<byte>(sent), buffer => find(buffer.Slice(0, Math.Min(buffer.Length, 512)).ToArray()));

    // One step, which knows nothing of the step before.
    private static ReplyResult Plainly(byte[] bytes, byte function, bool isSilent)
    {
        var length = RtuFrame.ReplyLength(bytes);
        if (length > 256) return ReplyResult.Foreign(1);
        if (length > 0 && length <= bytes.Length)
        {
            if (!RtuFrame.IsIntact(bytes.AsSpan(0, length))) return ReplyResult.Foreign(1);
            return Answers(bytes) ? ReplyResult.Complete(length) : ReplyResult.Foreign(length);
        }

        var isWithoutLength = false;
        for (var start = 0; start < bytes.Length && !(start == 1 && !isSilent && Answers(bytes)); start++)
        {
            var rest = bytes[start..];
            if (!Answers(rest)) continue;
            length = RtuFrame.ReplyLength(rest);
            isWithoutLength |= length == ModbusPdu.Unknown;
            if (length == ModbusPdu.Unknown) length = isSilent && rest.Length <= 256 ? rest.Length : 0;
            if (length > 0 && length <= rest.Length && RtuFrame.IsIntact(rest.AsSpan(0, length)))
                return start == 0 ? ReplyResult.Complete(length) : ReplyResult.Foreign(start);
        }

        if (bytes.Length > 256) return ReplyResult.Foreign(1);
        return isWithoutLength && !isSilent ? ReplyResult.EndsBySilence : ReplyResult.Incomplete;

        bool Answers(byte[] frame) => frame.Length >= 2 && frame[0] == Unit && (frame[1] == function || frame[1] == (function | 0x80));
    }
}
