using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync;

/// <summary>
/// What a node says of a client before it passes on the client's bytes: a PROXY header of version 2 with the client's address, and with
/// TLVs of the range 0xE0 to 0xEF, which HAProxy's specification leaves to applications. A TLV that is not known is skipped, so that
/// nodes of neighbouring versions understand each other.
/// </summary>
internal sealed record ForwardHeader
{
    /// <summary>What is spoken here. A node speaks with one that knows a number one higher or one lower.</summary>
    public const byte CurrentVersion = 1;

    /// <summary>More than the public header's, for the client's certificate.</summary>
    public const int MaxLength = 16 * 1024;

    private const byte VersionType = 0xE0;
    private const byte ListenerType = 0xE1;
    private const byte IdType = 0xE2;
    private const byte ResourceType = 0xE3;
    private const byte CertificateType = 0xE4;
    private const byte SecretType = 0xE5;
    private const byte NodeType = 0xE6;

    private const byte Proxied = 0x21;
    private const byte Tcp4 = 0x11;
    private const byte Tcp6 = 0x21;

    public int Version { get; init; } = CurrentVersion;

    /// <summary>The node that passes the client's bytes on.</summary>
    public required string Node { get; init; }

    /// <summary>The listener that accepted the client, by its name, which is the same on all nodes.</summary>
    public required string Listener { get; init; }

    public required string ConnectionId { get; init; }

    public required string Resource { get; init; }

    /// <summary>The client's address; <see langword="null"/> for one of a Unix socket.</summary>
    public IPEndPoint? Client { get; init; }

    /// <summary>The client's certificate in DER, if it has shown one.</summary>
    public ReadOnlyMemory<byte> Certificate { get; init; }

    /// <summary>What the node shows itself by where there is no TLS.</summary>
    public ReadOnlyMemory<byte> Secret { get; init; }

    /// <returns><see langword="null"/> if it would be longer than <see cref="MaxLength"/>.</returns>
    public byte[]? Write()
    {
        var writer = new ArrayBufferWriter<byte>(512);
        writer.Write(ProxyHeaderBinary.Signature);
        writer.Write<byte>([Proxied, Client is null ? (byte)0 : Client.AddressFamily == AddressFamily.InterNetwork ? Tcp4 : Tcp6, 0, 0]);
        if (Client is not null)
            WriteAddresses(writer, Client);
        WriteTlv(writer, VersionType, [(byte)Version]);
        WriteText(writer, NodeType, Node);
        WriteText(writer, ListenerType, Listener);
        WriteText(writer, IdType, ConnectionId);
        WriteText(writer, ResourceType, Resource);
        if (!Certificate.IsEmpty && Certificate.Length < MaxLength)
            WriteTlv(writer, CertificateType, Certificate.Span);
        if (!Secret.IsEmpty)
            WriteTlv(writer, SecretType, Secret.Span);
        if (writer.WrittenCount > MaxLength || Certificate.Length >= MaxLength)
            return null;

        var header = writer.WrittenSpan.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(header.AsSpan(14), (ushort)(header.Length - ProxyHeaderBinary.FixedLength));
        return header;
    }

    /// <param name="bytes">A whole PROXY header of version 2, which <see cref="ProxyHeader"/> has found to be valid.</param>
    /// <param name="client">The address that it names.</param>
    /// <returns><see langword="null"/> if it does not say what is needed.</returns>
    public static ForwardHeader? Read(ReadOnlyMemory<byte> bytes, IPEndPoint? client)
    {
        var (version, node, listener, id, resource) = (0, "", "", "", "");
        ReadOnlyMemory<byte> certificate = default, secret = default;
        var span = bytes.Span;
        var at = ProxyHeaderBinary.FixedLength + (span[13] >> 4) switch { 0 => 0, 1 => 12, 2 => 36, _ => bytes.Length };
        while (at + ProxyHeaderBinary.TlvHeaderLength <= bytes.Length)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(span[(at + 1)..]);
            var value = at + ProxyHeaderBinary.TlvHeaderLength;
            if (length > bytes.Length - value)
                return null;
            var part = bytes.Slice(value, length);
            switch (span[at])
            {
                case VersionType when length == 1: version = part.Span[0]; break;
                case NodeType: node = Encoding.UTF8.GetString(part.Span); break;
                case ListenerType: listener = Encoding.UTF8.GetString(part.Span); break;
                case IdType: id = Encoding.UTF8.GetString(part.Span); break;
                case ResourceType: resource = Encoding.UTF8.GetString(part.Span); break;
                case CertificateType: certificate = part; break;
                case SecretType: secret = part; break;
            }

            at = value + length;
        }

        return version == 0 || node.Length == 0 || listener.Length == 0 || id.Length == 0 || resource.Length == 0 ? null : new()
        {
            Version = version, Node = node, Listener = listener, ConnectionId = id, Resource = resource,
            Client = client, Certificate = certificate, Secret = secret,
        };
    }

    // The address that the client connected to is of no use here; it is written as zeros.
    private static void WriteAddresses(ArrayBufferWriter<byte> writer, IPEndPoint client)
    {
        var address = client.Address.GetAddressBytes();
        writer.Write(address);
        writer.Write(new byte[address.Length]);
        var port = writer.GetSpan(4);
        BinaryPrimitives.WriteUInt16BigEndian(port, (ushort)client.Port);
        BinaryPrimitives.WriteUInt16BigEndian(port[2..], 0);
        writer.Advance(4);
    }

    private static void WriteText(ArrayBufferWriter<byte> writer, byte type, string text) => WriteTlv(writer, type, Encoding.UTF8.GetBytes(text));

    private static void WriteTlv(ArrayBufferWriter<byte> writer, byte type, ReadOnlySpan<byte> value)
    {
        var head = writer.GetSpan(ProxyHeaderBinary.TlvHeaderLength);
        head[0] = type;
        BinaryPrimitives.WriteUInt16BigEndian(head[1..], (ushort)value.Length);
        writer.Advance(ProxyHeaderBinary.TlvHeaderLength);
        writer.Write(value);
    }
}
