using System.Buffers.Binary;

namespace SocketSync;

/// <summary>What the first byte of a chunk's header says; the other three are a number.</summary>
internal enum ChunkKind : byte
{
    /// <summary>So many bytes for the client follow; with 0 the connection ends, and nothing has been lost.</summary>
    Data = 0,

    /// <summary>The first chunk: the client is served. The number is the version that the owner speaks.</summary>
    Accepted = 1,

    /// <summary>The first chunk: the client is not served here, and nothing of what it sent has been looked at.</summary>
    Refused = 2,

    /// <summary>The stream to the client ends, while what the client sends is still taken.</summary>
    HalfEnd = 3,
}

/// <summary>
/// What an owner sends for a client, in chunks: when a process is killed, the kernel ends its connections in order, as if all had been
/// said. Only an end that is written tells half a reply from a whole one.
/// </summary>
internal static class Chunk
{
    public const int HeaderLength = sizeof(uint);

    /// <summary>The most bytes that a chunk can have.</summary>
    public const int MaxLength = 0xFF_FFFF;

    public static void Write(Span<byte> header, ChunkKind kind, int number) =>
        BinaryPrimitives.WriteUInt32BigEndian(header, ((uint)kind << 24) | (uint)number);

    public static (ChunkKind Kind, int Number) Read(ReadOnlySpan<byte> header)
    {
        var value = BinaryPrimitives.ReadUInt32BigEndian(header);
        return ((ChunkKind)(value >> 24), (int)(value & MaxLength));
    }
}

/// <summary>Takes the headers out of what an owner sends, wherever the segments of TCP have cut it.</summary>
internal struct ChunkStripper
{
    private readonly byte[] _header;
    private int _headerLength;
    private int _left;

    public ChunkStripper() => _header = new byte[Chunk.HeaderLength];

    /// <summary>Whether the owner has ended the connection in order: nothing follows.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Whether the owner has ended the stream to the client.</summary>
    public bool IsHalfEnded { get; private set; }

    /// <summary>Moves the client's bytes to the front, over the headers.</summary>
    /// <param name="received">What was received.</param>
    /// <param name="length">How many bytes are the client's.</param>
    /// <returns><see langword="false"/> if these are no chunks.</returns>
    public bool TryStrip(Span<byte> received, out int length)
    {
        length = 0;
        for (var at = 0; at < received.Length;)
        {
            if (_left > 0)
            {
                var taken = Math.Min(_left, received.Length - at);
                received.Slice(at, taken).CopyTo(received[length..]);
                (at, length, _left) = (at + taken, length + taken, _left - taken);
                continue;
            }

            if (IsEnded)
                return false;
            _header[_headerLength++] = received[at++];
            if (_headerLength == Chunk.HeaderLength && !TryBegin())
                return false;
        }

        return true;
    }

    private bool TryBegin()
    {
        _headerLength = 0;
        var (kind, number) = Chunk.Read(_header);
        switch (kind)
        {
            case ChunkKind.Data when number > 0:
                _left = number;
                return !IsHalfEnded;
            case ChunkKind.Data:
                IsEnded = true;
                return true;
            case ChunkKind.HalfEnd:
                IsHalfEnded = true;
                return true;
            default:
                return false;
        }
    }
}
