using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text;

namespace SocketSync;

/// <summary>The result of parsing the first bytes of a connection as a PROXY header.</summary>
internal enum ProxyHeaderStatus
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,

    Complete,

    /// <summary>The bytes are not a PROXY header.</summary>
    Missing,

    /// <summary>The bytes begin like a PROXY header, but violate the specification later on.</summary>
    Malformed,

    /// <summary>The header announces a length of more than <see cref="ProxyHeader.MaxLength"/>.</summary>
    TooLarge,

    /// <summary>The checksum does not match: the header was damaged in transit.</summary>
    Damaged,
}

/// <summary>
/// The header in which a proxy names the client: HAProxy's PROXY protocol, versions 1 (text) and 2 (binary), as specified in
/// proxy-protocol.txt. Parsing is a pure function of the bytes.
/// </summary>
/// <param name="Length">The header's length in bytes; the client's own bytes follow it.</param>
/// <param name="Source">
/// The client's endpoint; <see langword="null"/> if the connection's own address applies: the proxy sends on its own behalf,
/// does not know the client's address, or the client does not use TCP.
/// </param>
internal readonly record struct ProxyHeader(int Length, IPEndPoint? Source)
{
    /// <summary>
    /// Version 2 allows 64 KiB. The specification expects less than one TCP segment; this leaves room for what proxies add
    /// (a client certificate is the largest) and limits the memory spent on an unknown client.
    /// </summary>
    public const int MaxLength = 4096;

    /// <param name="bytes">What has been received so far.</param>
    /// <param name="header">The header, if it is complete.</param>
    /// <param name="maxLength">The longest header of version 2 that is taken.</param>
    public static ProxyHeaderStatus Read(in ReadOnlySequence<byte> bytes, out ProxyHeader header, int maxLength = MaxLength)
    {
        if (bytes.IsSingleSegment)
            return Read(bytes.FirstSpan, out header, maxLength);

        Span<byte> copy = stackalloc byte[(int)Math.Min(bytes.Length, maxLength)];
        bytes.Slice(0, copy.Length).CopyTo(copy);
        return Read(copy, out header, maxLength);
    }

    public static ProxyHeaderStatus Read(ReadOnlySpan<byte> bytes, out ProxyHeader header, int maxLength = MaxLength)
    {
        header = default;
        if (bytes.IsEmpty)
            return ProxyHeaderStatus.Incomplete;
        return bytes[0] == ProxyHeaderText.Signature[0] ? ProxyHeaderText.Read(bytes, out header) : ProxyHeaderBinary.Read(bytes, maxLength, out header);
    }

    /// <summary>Whether the bytes received so far match the beginning of the signature.</summary>
    public static bool BeginsAs(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> signature) =>
        bytes.Length < signature.Length ? signature.StartsWith(bytes) : bytes.StartsWith(signature);
}

/// <summary>Parses version 1 of the PROXY protocol (section 2.1 of the specification): one line of text.</summary>
internal static class ProxyHeaderText
{
    /// <summary>The longest line that the specification allows, including its line end.</summary>
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

    // Detects a line that ends in a bare LF, so that its sender is closed at once instead of after the timeout. The text
    // after UNKNOWN is ignored.
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

    // IPAddress also accepts "1", octal and hexadecimal numbers; only the canonical form survives the round trip.
    private static bool TryReadFour(string text, out IPAddress address) =>
        IPAddress.TryParse(text, out address!)
        && address.AddressFamily == AddressFamily.InterNetwork
        && string.Equals(address.ToString(), text, StringComparison.Ordinal);

    // IPAddress also accepts brackets, ports and scopes. Dots are valid: inet_ntop, which proxies use, writes an IPv4-mapped
    // address with a dotted IPv4 part.
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

/// <summary>Parses version 2 of the PROXY protocol (section 2.2 of the specification): a fixed part, addresses, then TLVs.</summary>
internal static class ProxyHeaderBinary
{
    public const int FixedLength = 16;
    public const int TlvHeaderLength = 3;
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

    public static ProxyHeaderStatus Read(ReadOnlySpan<byte> bytes, int maxLength, out ProxyHeader header)
    {
        header = default;
        if (!ProxyHeader.BeginsAs(bytes, Signature))
            return ProxyHeaderStatus.Missing;
        if (bytes.Length > Signature.Length && bytes[Signature.Length] is not (Local or Proxied))
            return ProxyHeaderStatus.Malformed;
        if (bytes.Length < FixedLength)
            return ProxyHeaderStatus.Incomplete;

        var length = FixedLength + BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        if (length > maxLength)
            return ProxyHeaderStatus.TooLarge;
        if (bytes.Length < length)
            return ProxyHeaderStatus.Incomplete;

        // LOCAL: "The receiver must use the real connection endpoints and discard the protocol block."
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

        // For anything but TCP the connection's own address applies, as the specification requires for unsupported families.
        if (transport == Stream && family != Unix)
            source = ReadSource(header[FixedLength..], family == Inet ? 4 : 16);
        return CheckTlvs(header, FixedLength + addresses);
    }

    private static IPEndPoint ReadSource(ReadOnlySpan<byte> addresses, int size) =>
        new(new IPAddress(addresses[..size]), BinaryPrimitives.ReadUInt16BigEndian(addresses[(2 * size)..]));

    /// <summary>Skips the TLVs, except for the checksum: a receiver that supports it "MUST" reject a mismatch.</summary>
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

    /// <summary>Computes the CRC32c of the header, with the checksum field taken as zeros.</summary>
    private static uint Checksum(ReadOnlySpan<byte> header, int checksumAt)
    {
        var crc = uint.MaxValue;
        for (var i = 0; i < header.Length; i++)
            crc = BitOperations.Crc32C(crc, i >= checksumAt && i < checksumAt + sizeof(uint) ? (byte)0 : header[i]);
        return ~crc;
    }
}
