using System.Buffers;
using System.Runtime.InteropServices;
using CsCheck;

namespace SocketSync.Tests;

public class PooledBufferTests
{
    // 0: written whole; 1: piecewise, by half of what was asked for; 2: set; 3: cleared
    private static readonly Gen<(int Op, byte[] Bytes)[]> GenSteps =
        Gen.Select(Gen.Frequency((5, Gen.Const(0)), (4, Gen.Const(1)), (1, Gen.Const(2)), (1, Gen.Const(3))), Gen.Byte.Array[0, 700]).Array[0, 30];

    [Fact]
    public void HoldsWhatAMemoryStreamHolds() => GenSteps.Sample(steps =>
    {
        var buffer = new PooledBuffer();
        using var reference = new MemoryStream();
        foreach (var (op, bytes) in steps)
        {
            if (op >= 2)
                reference.SetLength(0);
            if (op <= 2)
                reference.Write(bytes);

            if (op == 0)
            {
                buffer.Write(bytes);
            }
            else if (op == 1)
            {
                for (var rest = bytes.AsSpan(); !rest.IsEmpty;)
                {
                    var some = (rest.Length + 1) / 2;
                    rest[..some].CopyTo(buffer.GetMemory(rest.Length).Span);
                    buffer.Advance(some);
                    rest = rest[some..];
                }
            }
            else if (op == 2)
            {
                buffer.Set(Segments.Of(bytes, bytes.Length / 3, bytes.Length / 2));
            }
            else
            {
                buffer.Clear();
            }

            if (!buffer.Written.Span.SequenceEqual(reference.ToArray()) || buffer.Length != reference.Length)
                Assert.Fail("holds something else");
        }

        buffer.Clear();
    }, iter: 2_000);

    [Theory, InlineData(0), InlineData(1), InlineData(256), InlineData(257), InlineData(100_000)]
    public void GivesAsMuchRoomAsIsAskedFor(int size)
    {
        var buffer = new PooledBuffer();
        buffer.Write("x"u8);
        Assert.True(buffer.GetSpan(size).Length >= Math.Max(size, 1));
        Assert.True(buffer.GetMemory(size).Length >= Math.Max(size, 1));
        Assert.Equal("x"u8, buffer.Written.Span);
        buffer.Clear();
    }

    [Fact]
    public void GrowsByDoublingAndGivesEachSmallerArrayBack()
    {
        var buffer = new PooledBuffer();
        buffer.Write(new byte[200]);
        var small = ArrayOf(buffer);
        buffer.Write(new byte[200]);
        Assert.NotSame(small, ArrayOf(buffer));
        Assert.Same(small, Rent(small.Length));
        Assert.InRange(ArrayOf(buffer).Length, 2 * small.Length, 4 * small.Length);
        buffer.Clear();
        ArrayPool<byte>.Shared.Return(small);
    }

    [Fact]
    public void ClearedItGivesItsArrayBackOnce()
    {
        var buffer = new PooledBuffer();
        buffer.Write(new byte[5_000]);
        var array = ArrayOf(buffer);

        buffer.Clear();
        buffer.Clear();

        Assert.Equal(0, buffer.Length);
        Assert.True(buffer.Written.IsEmpty);
        var (first, second) = (Rent(array.Length), Rent(array.Length));
        Assert.Same(array, first);
        Assert.NotSame(first, second);
        ArrayPool<byte>.Shared.Return(first);
        ArrayPool<byte>.Shared.Return(second);
    }

    [Fact]
    public void NothingIsTakenThatWasNotGiven()
    {
        var buffer = new PooledBuffer();
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(1));
        var room = buffer.GetSpan(10).Length;
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(room + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.GetSpan(-1));
        buffer.Advance(room);
        Assert.Equal(room, buffer.Length);
        buffer.Clear();
        Assert.Throws<ArgumentOutOfRangeException>(() => buffer.Advance(1));
    }

    [Fact]
    public void MoreThanAnArrayHoldsIsRefusedAndHarmsNothing()
    {
        var buffer = new PooledBuffer();
        buffer.Write("kept"u8);
        Assert.Throws<InvalidOperationException>(() => buffer.GetSpan(int.MaxValue));
        Assert.Equal("kept"u8, buffer.Written.Span);
        buffer.Clear();
    }

    private static byte[] Rent(int length) => ArrayPool<byte>.Shared.Rent(length);

    private static byte[] ArrayOf(PooledBuffer buffer)
    {
        Assert.True(MemoryMarshal.TryGetArray(buffer.Written, out var segment));
        return segment.Array!;
    }
}
