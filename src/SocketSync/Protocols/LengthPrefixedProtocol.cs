using System.Buffers;
using System.Buffers.Binary;
using System.ComponentModel.DataAnnotations;

namespace SocketSync;

public sealed partial record ProtocolOptions
{
    /// <summary>LengthPrefixed: the size of the length header in bytes: 1, 2 or 4; 2 when not given.</summary>
    [AllowedValues(1, 2, 4)]
    public int? LengthBytes { get; init; }

    /// <summary>LengthPrefixed: the header's byte order; big-endian when not given.</summary>
    public bool? LittleEndian { get; init; }

    /// <summary>LengthPrefixed: whether the length counts the header too; it does not when not given.</summary>
    public bool? LengthIncludesHeader { get; init; }
}

/// <summary>A request is a length header, then as many bytes as it says.</summary>
internal sealed class LengthPrefixedProtocol : IProtocol
{
    private const int LargestHeader = sizeof(uint);
    private const int DefaultLengthBytes = 2;

    private readonly int _headerBytes;
    private readonly bool _littleEndian;
    private readonly bool _includesHeader;
    private readonly int _maxRequestBytes;

    public LengthPrefixedProtocol(int lengthBytes, bool littleEndian, bool lengthIncludesHeader, int maxRequestBytes)
    {
        if (lengthBytes is not (1 or 2 or 4))
            throw new ArgumentOutOfRangeException(nameof(lengthBytes), lengthBytes, "A length header has 1, 2 or 4 bytes.");
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRequestBytes, lengthBytes);
        _headerBytes = lengthBytes;
        _littleEndian = littleEndian;
        _includesHeader = lengthIncludesHeader;
        _maxRequestBytes = maxRequestBytes;
    }

    public static ProtocolDefinition Definition { get; } = new("LengthPrefixed", ErrorReply.Closing)
    {
        Settings = [nameof(ProtocolOptions.LengthBytes), nameof(ProtocolOptions.LittleEndian), nameof(ProtocolOptions.LengthIncludesHeader)],
        Create = Make,
        CreateLink = FramedLinkProtocol.By(Make),
        Check = static options => ProtocolProblem.OfTooSmall(options, HeaderOf(options), "the length header"),
        Framing = static options => (HeaderOf(options), options.LittleEndian ?? false, options.LengthIncludesHeader ?? false),
        SmallestReply = HeaderOf,
        Envelope = static length => ([(byte)(length >> 8), (byte)length], []),
    };

    public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched)
    {
        if (buffer.Length < _headerBytes) return FrameResult.Incomplete;

        var announced = ReadLength(buffer);
        if (_includesHeader && announced < _headerBytes) return FrameResult.Malformed;

        var total = _includesHeader ? announced : announced + _headerBytes;
        if (total > _maxRequestBytes) return FrameResult.TooLarge;
        return buffer.Length < total ? FrameResult.Incomplete : FrameResult.Complete(total);
    }

    public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output) => false;

    private static LengthPrefixedProtocol Make(ProtocolOptions options) =>
        new(HeaderOf(options), options.LittleEndian ?? false, options.LengthIncludesHeader ?? false, options.MaxRequestBytes);

    private static int HeaderOf(ProtocolOptions options) => options.LengthBytes ?? DefaultLengthBytes;

    // As long: four bytes may say up to 4 GB, and the header comes on top of that.
    private long ReadLength(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> joined = stackalloc byte[LargestHeader];
        scoped var header = buffer.FirstSpan;
        if (header.Length < _headerBytes)
        {
            buffer.Slice(0, _headerBytes).CopyTo(joined);
            header = joined;
        }

        return _headerBytes switch
        {
            1 => header[0],
            2 => _littleEndian ? BinaryPrimitives.ReadUInt16LittleEndian(header) : BinaryPrimitives.ReadUInt16BigEndian(header),
            _ => _littleEndian ? BinaryPrimitives.ReadUInt32LittleEndian(header) : BinaryPrimitives.ReadUInt32BigEndian(header),
        };
    }
}
