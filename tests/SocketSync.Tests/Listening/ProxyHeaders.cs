using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace SocketSync.Tests;

/// <summary>PROXY headers as a proxy writes them, by a plain reading of the specification.</summary>
internal static class ProxyHeaders
{
    public const byte Local = 0x20;
    public const byte Proxied = 0x21;

    public static byte[] Text(IPEndPoint from, IPEndPoint to) => Text(
        $"PROXY {(from.Address.GetAddressBytes().Length == 4 ? "TCP4" : "TCP6")} {from.Address} {to.Address} {from.Port} {to.Port}\r\n");

    public static byte[] Text(string line) => Encoding.Latin1.GetBytes(line);

    /// <summary>A header of version 2 for TCP.</summary>
    public static byte[] Binary(IPEndPoint from, IPEndPoint to, params byte[] tlvs)
    {
        byte[] addresses = [.. from.Address.GetAddressBytes(), .. to.Address.GetAddressBytes(), .. Big(from.Port), .. Big(to.Port)];
        return Binary(Proxied, (byte)(addresses.Length == 12 ? 0x11 : 0x21), [.. addresses, .. tlvs]);
    }

    public static byte[] Binary(byte command, byte family, params byte[] rest) =>
        [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, command, family, .. Big(rest.Length), .. rest];

    public static byte[] Tlv(byte type, params byte[] value) => [type, .. Big(value.Length), .. value];

    /// <summary>The same header, with a checksum as its last TLV.</summary>
    public static byte[] WithChecksum(byte[] header)
    {
        byte[] longer = [.. header, .. Tlv(0x03, 0, 0, 0, 0)];
        BinaryPrimitives.WriteUInt16BigEndian(longer.AsSpan(14), (ushort)(longer.Length - 16));
        BinaryPrimitives.WriteUInt32BigEndian(longer.AsSpan(longer.Length - 4), Checksum(longer));
        return longer;
    }

    /// <summary>CRC32c, bit by bit.</summary>
    public static uint Checksum(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) == 1 ? (crc >> 1) ^ 0x82F63B78 : crc >> 1;
        }

        return ~crc;
    }

    private static byte[] Big(int number) => [(byte)(number >> 8), (byte)number];
}
