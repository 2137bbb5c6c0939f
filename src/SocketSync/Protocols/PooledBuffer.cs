using System.Buffers;

namespace SocketSync;

/// <summary>A growing run of bytes in a pooled array, which is given back whenever the buffer is cleared.</summary>
internal sealed class PooledBuffer(int smallest = 256) : IBufferWriter<byte>
{
    private byte[] _array = [];
    private int _length;

    public int Length => _length;

    public ReadOnlyMemory<byte> Written => _array.AsMemory(0, _length);

    public void Advance(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _array.Length - _length);
        _length += count;
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsMemory(_length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return _array.AsSpan(_length);
    }

    /// <summary>Replaces what is written by <paramref name="bytes"/>.</summary>
    public void Set(in ReadOnlySequence<byte> bytes)
    {
        _length = 0;
        var length = checked((int)bytes.Length);
        Reserve(length);
        bytes.CopyTo(_array);
        _length = length;
    }

    /// <summary>Forgets what is written and gives the array back.</summary>
    public void Clear()
    {
        if (_array.Length > 0)
            ArrayPool<byte>.Shared.Return(_array);
        _array = [];
        _length = 0;
    }

    private void Reserve(int sizeHint)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(sizeHint);
        var needed = (long)_length + Math.Max(sizeHint, 1);
        if (needed <= _array.Length)
            return;
        if (needed > Array.MaxLength)
            throw new InvalidOperationException($"A reply of more than {Array.MaxLength} bytes cannot be held; send it in parts.");

        var size = Math.Max(Math.Max(needed, smallest), Math.Min((long)_array.Length * 2, Array.MaxLength));
        var larger = ArrayPool<byte>.Shared.Rent((int)size);
        _array.AsSpan(0, _length).CopyTo(larger);
        if (_array.Length > 0)
            ArrayPool<byte>.Shared.Return(_array);
        _array = larger;
    }
}
