using System.IO.Pipelines;
using CsCheck;

namespace SocketSync.Tests;

/// <summary>What an owner sends for a client comes out as it was written, wherever TCP has cut it, and an end that is missing shows.</summary>
public sealed class ChunkTests
{
    private static readonly Gen<byte[][]> Writes = Gen.Byte.Array[0, 9000].Array[0, 6];

    [Fact]
    public void WhatWasWrittenComesOut() =>
        Gen.Select(Writes, Gen.Int[1, 5000].Array[1, 8]).Sample((writes, cuts) =>
        {
            var sent = Send(writes, hasEnd: true);
            var chunks = new ChunkStripper();
            List<byte> received = [];
            for (int at = 0, i = 0; at < sent.Length; i++)
            {
                var part = sent.AsSpan(at, Math.Min(cuts[i % cuts.Length], sent.Length - at)).ToArray();
                Assert.False(chunks.IsEnded);
                Assert.True(chunks.TryStrip(part, out var length));
                received.AddRange(part.AsSpan(0, length));
                at += part.Length;
            }

            Assert.True(chunks.IsEnded);
            Assert.Equal(writes.SelectMany(bytes => bytes), received);
        });

    [Fact]
    public void AnEndThatIsCutAnywhereIsNone()
    {
        var sent = Send([[1, 2, 3], [4, 5]], hasEnd: true);
        for (var cut = 0; cut < sent.Length; cut++)
        {
            var chunks = new ChunkStripper();
            var part = sent[..cut];
            Assert.True(chunks.TryStrip(part, out _));
            Assert.False(chunks.IsEnded);
        }
    }

    [Theory]
    [InlineData("01000001")] // accepted twice
    [InlineData("FF000000")]
    [InlineData("0000000000")] // something after the end
    [InlineData("030000000000000161")] // bytes after the end of the stream
    public void WhatIsNoChunkIsNoticed(string hex)
    {
        var chunks = new ChunkStripper();
        Assert.False(chunks.TryStrip(Convert.FromHexString(hex), out _));
    }

    [Fact]
    public void AFlushAllocatesNothing()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
        var output = new ForwardOutput(pipe.Writer);
        Assert.Equal(0, Allocations.Of(() =>
        {
            output.GetSpan(64);
            output.Advance(64);
            Done(output.FlushAsync());
            Assert.True(pipe.Reader.TryRead(out var result));
            pipe.Reader.AdvanceTo(result.Buffer.End);
        }));
    }

    private static void Done(ValueTask<FlushResult> flush) => Assert.True(flush.IsCompletedSuccessfully);

    private static byte[] Send(byte[][] writes, bool hasEnd)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
        var output = new ForwardOutput(pipe.Writer);
        foreach (var bytes in writes)
        {
            System.Buffers.BuffersExtensions.Write<byte>(output, bytes);
            if (bytes.Length % 2 == 0)
                Done(output.FlushAsync());
        }

        if (hasEnd)
            Done(output.TellAsync(ChunkKind.Data, 0));
        pipe.Reader.TryRead(out var result);
        return System.Buffers.BuffersExtensions.ToArray(result.Buffer);
    }
}
