using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text;

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

/// <summary>Version 1 of the PROXY protocol (section 2.1 of its specification): one line of text.</summary>
internal static class ProxyHeaderText
{
    /// <summary>The longest line that the specification knows, its end included.</summary>
    public const int MaxLength = 107;

    private static readonly SearchValues<char> HexDigitsAndMarks = SearchValues.Create("0123456789abcdefABCDEF:.");

    public static ReadOnlySpan<byte> Signature => "PROXY "u8;

    private static ReadOnlySpan<byte> End => "\r\n"u8;

    public static ProxyHeaderStatus Read(ReadOnlySpan<byte> bytes, out ProxyHeader header)
    {
        header = default;
        if (!ProxyHeader.BeginsAs(bytes, Signature))
            return ProxyHeaderStatus.Missing;

        var length = bytes[..Math.Min(bytes.Length, MaxLength)].IndexOf(End);
        if (length < 0)
            return bytes.Length < MaxLength && !IsBroken(bytes) ? ProxyHeaderStatus.Incomplete : ProxyHeaderStatus.Malformed;
        if (!TryRead(Encoding.ASCII.GetString(bytes[Signature.Length..length]), out var source))
            return ProxyHeaderStatus.Malformed;

        header = new(length + End.Length, source);
        return ProxyHeaderStatus.Complete;
    }

    // A line that ends in a bare LF is told from one that is still coming, so that its sender is closed at once. Of what
    // follows UNKNOWN nothing matters.
    private static bool IsBroken(ReadOnlySpan<byte> bytes) => bytes.StartsWith("PROXY TCP"u8) && bytes.Contains((byte)'\n');

    private static bool TryRead(string line, out IPEndPoint? source)
    {
        source = null;
        var fields = line.Split(' ');
        if (fields[0] == "UNKNOWN")
            return true;
        if (fields is not [("TCP4" or "TCP6") and var family, var from, var to, var fromPort, var toPort])
            return false;

        var isFour = family == "TCP4";
        if (!TryReadAddress(from, isFour, out var address) || !TryReadAddress(to, isFour, out _)
            || !TryReadPort(fromPort, out var port) || !TryReadPort(toPort, out _))
            return false;

        source = new IPEndPoint(address, port);
        return true;
    }

    private static bool TryReadAddress(string text, bool isFour, out IPAddress address) =>
        isFour ? TryReadFour(text, out address) : TryReadSix(text, out address);

    // IPAddress also reads "1", octal and hexadecimal numbers; only the one canonical form comes out again as it went in.
    private static bool TryReadFour(string text, out IPAddress address) =>
        IPAddress.TryParse(text, out address!)
        && address.AddressFamily == AddressFamily.InterNetwork
        && string.Equals(address.ToString(), text, StringComparison.Ordinal);

    // IPAddress also reads brackets, ports and scopes. Dots are right: inet_ntop, by which proxies write, ends a mapped
    // address in an IPv4 one.
    private static bool TryReadSix(string text, out IPAddress address)
    {
        address = IPAddress.IPv6None;
        return !text.AsSpan().ContainsAnyExcept(HexDigitsAndMarks)
            && (!text.Contains('.', StringComparison.Ordinal) || TryReadFour(text[(text.LastIndexOf(':') + 1)..], out _))
            && IPAddress.TryParse(text, out address!)
            && address.AddressFamily == AddressFamily.InterNetworkV6;
    }

    private static bool TryReadPort(string text, out ushort port) =>
        ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && (text.Length == 1 || text[0] != '0');
}

/// <summary>Version 2 of the PROXY protocol (section 2.2 of its specification): a fixed part, addresses, then TLVs.</summary>
internal static class ProxyHeaderBinary
{
    private const int FixedLength = 16;
    private const int TlvHeaderLength = 3;
    private const byte ChecksumType = 0x03;
    private const int Local = 0x20;
    private const int Proxied = 0x21;
    private const int Unspecified = 0x0;
    private const int Inet = 0x1;
    private const int Inet6 = 0x2;
    private const int Unix = 0x3;
    private const int Stream = 0x1;
    private const int Datagram = 0x2;

    public static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    public static ProxyHeaderStatus Read(ReadOnlySpan<byte> bytes, out ProxyHeader header)
    {
        header = default;
        if (!ProxyHeader.BeginsAs(bytes, Signature))
            return ProxyHeaderStatus.Missing;
        if (bytes.Length > Signature.Length && bytes[Signature.Length] is not (Local or Proxied))
            return ProxyHeaderStatus.Malformed;
        if (bytes.Length < FixedLength)
            return ProxyHeaderStatus.Incomplete;

        var length = FixedLength + BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if (length > ProxyHeader.MaxLength)
            return ProxyHeaderStatus.TooLarge;
        if (bytes.Length < length)
            return ProxyHeaderStatus.Incomplete;

        // "The receiver must use the real connection endpoints and discard the protocol block."
        IPEndPoint? source = null;
        if (bytes[12] == Proxied && ReadProxied(bytes[..length], out source) is var status and not ProxyHeaderStatus.Complete)
            return status;

        header = new(length, source);
        return ProxyHeaderStatus.Complete;
    }

    private static ProxyHeaderStatus ReadProxied(ReadOnlySpan<byte> header, out IPEndPoint? source)
    {
        source = null;
        var (family, transport) = (header[13] >> 4, header[13] & 0xF);
        if (family > Unix || transport > Datagram)
            return ProxyHeaderStatus.Malformed;
        if (family == Unspecified)
            return ProxyHeaderStatus.Complete;

        var addresses = family switch { Inet => 2 * (4 + 2), Inet6 => 2 * (16 + 2), _ => 2 * 108 };
        if (header.Length < FixedLength + addresses)
            return ProxyHeaderStatus.Malformed;

        // Of what is no TCP the connection's own address counts, as the specification has it for what is not supported.
        if (transport == Stream && family != Unix)
            source = ReadSource(header[FixedLength..], family == Inet ? 4 : 16);
        return CheckTlvs(header, FixedLength + addresses);
    }

    private static IPEndPoint ReadSource(ReadOnlySpan<byte> addresses, int size) =>
        new(new IPAddress(addresses[..size]), BinaryPrimitives.ReadUInt16BigEndian(addresses[(2 * size)..]));

    /// <summary>TLVs are skipped, but for the checksum: who understands it "MUST" reject what does not match.</summary>
    private static ProxyHeaderStatus CheckTlvs(ReadOnlySpan<byte> header, int start)
    {
        var isChecked = false;
        for (var rest = header[start..]; !rest.IsEmpty;)
        {
            if (rest.Length < TlvHeaderLength)
                return ProxyHeaderStatus.Malformed;
            var length = BinaryPrimitives.ReadUInt16BigEndian(rest[1..]);
            if (length > rest.Length - TlvHeaderLength)
                return ProxyHeaderStatus.Malformed;

            if (rest[0] == ChecksumType)
            {
                if (isChecked || length != sizeof(uint))
                    return ProxyHeaderStatus.Malformed;
                isChecked = true;
                var at = header.Length - rest.Length + TlvHeaderLength;
                if (Checksum(header, at) != BinaryPrimitives.ReadUInt32BigEndian(header[at..]))
                    return ProxyHeaderStatus.Damaged;
            }

            rest = rest[(TlvHeaderLength + length)..];
        }

        return ProxyHeaderStatus.Complete;
    }

    /// <summary>CRC32c of the header, the checksum's own bytes taken for zeros.</summary>
    private static uint Checksum(ReadOnlySpan<byte> header, int checksumAt)
    {
        var crc = uint.MaxValue;
        for (var i = 0; i < header.Length; i++)
            crc = BitOperations.Crc32C(crc, i >= checksumAt && i < checksumAt + sizeof(uint) ? (byte)0 : header[i]);
        return ~crc;
    }
}
