using System.IO.Pipelines;

namespace SocketSync;

/// <summary>
/// What an owner sends for a client of another node, in chunks. The header stands in the same block of memory as the bytes that follow
/// it, reserved when the block is taken and written when it is full or flushed: nothing is copied or allocated.
/// </summary>
/// <param name="inner">The connection between the nodes.</param>
internal sealed class ForwardOutput(PipeWriter inner) : PipeWriter
{
    private Memory<byte> _block;
    private int _length;

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes + (_length == 0 ? 0 : Chunk.HeaderLength + _length);

    private Memory<byte> Free => _block.IsEmpty ? default : _block[(Chunk.HeaderLength + _length)..];

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (Free.Length >= Math.Max(sizeHint, 1))
            return Free;
        Commit();
        _block = inner.GetMemory(Chunk.HeaderLength + Math.Max(sizeHint, 1));
        if (_block.Length > Chunk.HeaderLength + Chunk.MaxLength)
            _block = _block[..(Chunk.HeaderLength + Chunk.MaxLength)];
        return Free;
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, Free.Length);
        _length += bytes;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        Commit();
        return inner.FlushAsync(cancellationToken);
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    /// <summary>Writes a chunk that says something of the stream itself, and flushes.</summary>
    public ValueTask<FlushResult> TellAsync(ChunkKind kind, int number)
    {
        Commit();
        Chunk.Write(inner.GetSpan(Chunk.HeaderLength), kind, number);
        inner.Advance(Chunk.HeaderLength);
        return inner.FlushAsync();
    }

    /// <summary>The connection is whoever's who made this; a client's stream is ended by <see cref="TellAsync"/>.</summary>
    public override void Complete(Exception? exception = null)
    {
    }

    private void Commit()
    {
        if (_length > 0)
        {
            Chunk.Write(_block.Span, ChunkKind.Data, _length);
            inner.Advance(Chunk.HeaderLength + _length);
        }

        _block = default;
        _length = 0;
    }
}
