using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>
/// Writes the bytes of a journal as a capture file, so that Wireshark shows them: each client's requests and replies as a TCP
/// connection to one server.
/// </summary>
/// <remarks>
/// <para>The file is the classic one with nanoseconds, of bare IP packets (LINKTYPE_RAW):
/// https://datatracker.ietf.org/doc/draft-ietf-opsawg-pcap and https://www.tcpdump.org/linktypes.html.</para>
/// <para>The journal does not know at which address a client has reached the server, so it is given one that is for documentation
/// (RFC 5737, RFC 3849), with port 502 where the bytes are Modbus TCP, which Wireshark then knows.</para>
/// </remarks>
internal sealed class JournalCapture : IDisposable
{
    private const int RawIp = 101;
    private const int MostOfPacket = 65_535;
    private const int TcpHeader = 20;
    private const int OtherPort = 56780;

    private static readonly IPAddress Server4 = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Server6 = IPAddress.Parse("2001:db8::1");

    private readonly Stream _output;
    private readonly Dictionary<(string Resource, string Id), CapturedStream> _streams = [];

    /// <param name="output">The file, which this object then owns.</param>
    public JournalCapture(Stream output)
    {
        _output = output;
        Span<byte> header = stackalloc byte[24];
        BinaryPrimitives.WriteUInt32LittleEndian(header, 0xA1B23C4D);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], 2);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], 4);
        header[8..16].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(header[16..], MostOfPacket);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], RawIp);
        _output.Write(header);
    }

    /// <summary>How many requests and replies were written.</summary>
    public long Packets { get; private set; }

    /// <summary>Adds the request and the reply of a line, if it has them.</summary>
    public void Add(JournalLine line)
    {
        if (line.Request is null && line.Reply is null) return;
        var (request, reply) = (BytesOf(line.Request), BytesOf(line.Reply));
        var key = (line.Resource, line.ConnectionId);
        if (!_streams.TryGetValue(key, out var stream))
            _streams[key] = stream = new CapturedStream(ClientOf(line), IsModbusTcp(request) ? 502 : OtherPort);
        Write(stream, isReply: false, line.QueuedAt ?? line.EndedAt, request, line.RequestBytes);
        Write(stream, isReply: true, line.EndedAt, reply, line.ReplyBytes);
    }

    public void Dispose() => _output.Dispose();

    private void Write(CapturedStream stream, bool isReply, DateTimeOffset time, ReadOnlySpan<byte> bytes, long length)
    {
        if (bytes.IsEmpty) return;
        var (from, to) = isReply ? (stream.Server, stream.Client) : (stream.Client, stream.Server);
        var ipHeader = from.AddressFamily == AddressFamily.InterNetwork ? 20 : 40;
        // What is longer than the journal keeps counts as sent, and not as captured.
        var whole = (int)Math.Clamp(length, bytes.Length, MostOfPacket - ipHeader - TcpHeader);
        Span<byte> packet = new byte[ipHeader + TcpHeader + bytes.Length];
        bytes.CopyTo(packet[(ipHeader + TcpHeader)..]);
        WriteTcp(packet[ipHeader..], stream, isReply, from, to, whole == bytes.Length);
        WriteIp(packet, from.Address, to.Address, TcpHeader + whole);
        stream.Sent(isReply, whole);

        // A pipelined request has come before the reply that stands before it; a stream's packets keep their order.
        time = stream.Order(time);
        var sinceEpoch = time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        Span<byte> header = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)(sinceEpoch / TimeSpan.TicksPerSecond));
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], (uint)(sinceEpoch % TimeSpan.TicksPerSecond * TimeSpan.NanosecondsPerTick));
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], (uint)packet.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], (uint)(ipHeader + TcpHeader + whole));
        _output.Write(header);
        _output.Write(packet);
        Packets++;
    }

    // RFC 9293, section 3.1
    private static void WriteTcp(Span<byte> segment, CapturedStream stream, bool isReply, IPEndPoint from, IPEndPoint to, bool isWhole)
    {
        const byte pushAndAck = 0x18;
        var (sequence, acknowledged) = isReply ? (stream.ServerSequence, stream.ClientSequence) : (stream.ClientSequence, stream.ServerSequence);
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(segment[2..], (ushort)to.Port);
        BinaryPrimitives.WriteUInt32BigEndian(segment[4..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(segment[8..], acknowledged);
        segment[12] = (TcpHeader / 4) << 4;
        segment[13] = pushAndAck;
        BinaryPrimitives.WriteUInt16BigEndian(segment[14..], ushort.MaxValue);
        if (!isWhole) return; // the sum would need the bytes that are missing
        const uint tcp = 6;
        var pseudoHeader = Sum(from.Address.GetAddressBytes()) + Sum(to.Address.GetAddressBytes()) + tcp + (uint)segment.Length;
        BinaryPrimitives.WriteUInt16BigEndian(segment[16..], Fold(pseudoHeader + Sum(segment)));
    }

    // RFC 791, section 3.1, and RFC 8200, section 3
    private static void WriteIp(Span<byte> packet, IPAddress from, IPAddress to, int length)
    {
        const byte tcp = 6;
        const byte hops = 64;
        if (from.AddressFamily == AddressFamily.InterNetwork)
        {
            packet[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(packet[2..], (ushort)(20 + length));
            packet[6] = 0x40; // not fragmented
            (packet[8], packet[9]) = (hops, tcp);
            from.TryWriteBytes(packet[12..], out _);
            to.TryWriteBytes(packet[16..], out _);
            BinaryPrimitives.WriteUInt16BigEndian(packet[10..], Fold(Sum(packet[..20])));
            return;
        }

        packet[0] = 0x60;
        BinaryPrimitives.WriteUInt16BigEndian(packet[4..], (ushort)length);
        (packet[6], packet[7]) = (tcp, hops);
        from.TryWriteBytes(packet[8..], out _);
        to.TryWriteBytes(packet[24..], out _);
    }

    // RFC 1071
    private static uint Sum(ReadOnlySpan<byte> bytes)
    {
        uint sum = 0;
        for (var i = 0; i + 1 < bytes.Length; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        return bytes.Length % 2 == 0 ? sum : sum + ((uint)bytes[^1] << 8);
    }

    private static ushort Fold(uint sum)
    {
        while (sum > ushort.MaxValue) sum = (sum & ushort.MaxValue) + (sum >> 16);
        return (ushort)~sum;
    }

    private IPEndPoint ClientOf(JournalLine line) =>
        // A client of a Unix socket has no address.
        IPEndPoint.TryParse(line.RemoteEndPoint ?? "", out var client) ? client : new(IPAddress.Loopback, 1024 + (_streams.Count % 60_000));

    // MODBUS Messaging on TCP/IP Implementation Guide, section 3.1.3: protocol identifier 0, and the length of what follows.
    private static bool IsModbusTcp(ReadOnlySpan<byte> request) =>
        request.Length >= 8 && request[2] == 0 && request[3] == 0 && BinaryPrimitives.ReadUInt16BigEndian(request[4..]) == request.Length - 6;

    private static byte[] BytesOf(string? hex)
    {
        try
        {
            return Convert.FromHexString(hex ?? "");
        }
        catch (FormatException)
        {
            return [];
        }
    }

    private sealed class CapturedStream(IPEndPoint client, int port)
    {
        private DateTimeOffset _last;

        public IPEndPoint Client { get; } = client;

        public IPEndPoint Server { get; } = new(client.AddressFamily == AddressFamily.InterNetwork ? Server4 : Server6, port);

        public uint ClientSequence { get; private set; } = 1;

        public uint ServerSequence { get; private set; } = 1;

        public void Sent(bool isReply, int length)
        {
            if (isReply) ServerSequence += (uint)length;
            else ClientSequence += (uint)length;
        }

        public DateTimeOffset Order(DateTimeOffset time) => _last = time > _last ? time : _last;
    }
}
