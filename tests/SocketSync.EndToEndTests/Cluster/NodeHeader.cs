using System.Buffers.Binary;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>
/// What a node says at another's forward port before it passes a client's bytes on: a PROXY header of version 2 with TLVs. Written from
/// what is on the wire, so that a node of another version can be played.
/// </summary>
internal static class NodeHeader
{
    /// <summary>The first chunk of an owner that serves the client.</summary>
    public const byte Accepted = 1;

    private static readonly byte[] s_signature = "\r\n\r\n\0\r\nQUIT\n"u8.ToArray();

    /// <param name="listener">The client's listener.</param>
    /// <param name="resource">Its resource.</param>
    /// <param name="secret">What the nodes share.</param>
    /// <param name="version">What the node speaks.</param>
    /// <param name="more">What nodes of this version do not know.</param>
    public static byte[] Of(string listener, string resource, byte[] secret, byte version = 1, params (byte Type, byte[] Value)[] more)
    {
        (byte Type, byte[] Value)[] all =
        [
            (0xE0, [version]), .. more, (0xE1, Encoding.UTF8.GetBytes(listener)), (0xE2, "another:1"u8.ToArray()),
            (0xE3, Encoding.UTF8.GetBytes(resource)), (0xE5, secret), (0xE6, "another"u8.ToArray()),
        ];
        // PROXY, TCP over IPv4, from 192.0.2.7:4711 to nowhere.
        byte[] addresses = [192, 0, 2, 7, 0, 0, 0, 0, 0x12, 0x67, 0, 0];
        byte[] body = [.. addresses, .. all.SelectMany(part => Tlv(part.Type, part.Value))];
        return [.. s_signature, 0x21, 0x11, .. Length(body.Length), .. body];
    }

    private static byte[] Tlv(byte type, byte[] value) => [type, .. Length(value.Length), .. value];

    private static byte[] Length(int length)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)length);
        return bytes;
    }
}
