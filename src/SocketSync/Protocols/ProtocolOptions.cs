using System.ComponentModel.DataAnnotations;

namespace SocketSync;

/// <summary>What the configuration says of a protocol. A setting that is <see langword="null"/> was not given.</summary>
internal sealed record ProtocolOptions
{
    public const int DefaultMaxRequestBytes = 65536;

    public const int LargestRequestBytes = 1 << 30;

    public string Name { get; init; } = "Raw";

    /// <summary>The largest request in bytes, its delimiter or length header included.</summary>
    [Range(1, LargestRequestBytes)]
    public int MaxRequestBytes { get; init; } = DefaultMaxRequestBytes;

    /// <summary>Line and Scpi: what ends a request, with escapes \r \n \t \0 \xNN; "\n" when not given.</summary>
    [Escaped]
    public string? Delimiter { get; init; }

    /// <summary>LengthPrefixed: the size of the length header in bytes: 1, 2 or 4; 2 when not given.</summary>
    [AllowedValues(1, 2, 4)]
    public int? LengthBytes { get; init; }

    /// <summary>LengthPrefixed: the header's byte order; big-endian when not given.</summary>
    public bool? LittleEndian { get; init; }

    /// <summary>LengthPrefixed: whether the length counts the header too; it does not when not given.</summary>
    public bool? LengthIncludesHeader { get; init; }

    /// <summary>FixedLength: the length of every request in bytes.</summary>
    [Range(1, LargestRequestBytes)]
    public int? Length { get; init; }
}
