using System.Buffers.Binary;
using System.Net;
using System.Numerics;

namespace SocketSync;

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
