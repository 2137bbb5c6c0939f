using System.Buffers;
using System.Net;

namespace SocketSync;

/// <summary>What the first bytes of a connection are, seen as a PROXY header.</summary>
internal enum ProxyHeaderStatus
{
    /// <summary>More bytes are needed to tell.</summary>
    Incomplete,

    Complete,

    /// <summary>They are something else.</summary>
    Missing,

    /// <summary>They begin as a header does and break its rules further on.</summary>
    Malformed,

    /// <summary>A header that announces more than <see cref="ProxyHeader.MaxLength"/>.</summary>
    TooLarge,

    /// <summary>The checksum that the header carries is not its own: it was damaged on its way.</summary>
    Damaged,
}

/// <summary>
/// The header by which a proxy tells for whom it speaks: HAProxy's PROXY protocol, versions 1 (text) and 2 (binary), as its
/// specification (proxy-protocol.txt) says. A pure function of bytes.
/// </summary>
/// <param name="Length">How many bytes it has; the client's own begin behind it.</param>
/// <param name="Source">
/// The client; <see langword="null"/> where the connection's own address counts: the proxy speaks for itself, does not know
/// the client's address, or knows one that is not of TCP.
/// </param>
internal readonly record struct ProxyHeader(int Length, IPEndPoint? Source)
{
    /// <summary>
    /// Version 2 could announce 64 KiB. The specification expects less than one TCP segment of it; this leaves room for what
    /// proxies add beyond that (a client's certificate is the largest) and bounds what is kept of an unknown client.
    /// </summary>
    public const int MaxLength = 4096;

    public static ProxyHeaderStatus Read(in ReadOnlySequence<byte> bytes, out ProxyHeader header)
    {
        if (bytes.IsSingleSegment)
            return Read(bytes.FirstSpan, out header);

        Span<byte> copy = stackalloc byte[(int)Math.Min(bytes.Length, MaxLength)];
        bytes.Slice(0, copy.Length).CopyTo(copy);
        return Read(copy, out header);
    }

    public static ProxyHeaderStatus Read(ReadOnlySpan<byte> bytes, out ProxyHeader header)
    {
        header = default;
        if (bytes.IsEmpty)
            return ProxyHeaderStatus.Incomplete;
        return bytes[0] == ProxyHeaderText.Signature[0] ? ProxyHeaderText.Read(bytes, out header) : ProxyHeaderBinary.Read(bytes, out header);
    }

    /// <summary>Whether the bytes, as far as they have come, are those of the signature.</summary>
    public static bool BeginsAs(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> signature) =>
        bytes.Length < signature.Length ? signature.StartsWith(bytes) : bytes.StartsWith(signature);
}
