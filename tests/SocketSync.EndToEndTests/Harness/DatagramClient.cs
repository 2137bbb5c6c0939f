using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>A sender of datagrams, on UDP or a Unix socket, which takes replies from where it sends to only.</summary>
internal sealed class DatagramClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;
    private readonly string? _path;

    private DatagramClient(Socket socket, EndPoint server, string? path = null)
    {
        (_socket, _path) = (socket, path);
        socket.Connect(server);
    }

    public EndPoint LocalEndPoint => _socket.LocalEndPoint!;

    public static DatagramClient OfUdp(int port, IPAddress? from = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        if (from is not null) socket.Bind(new IPEndPoint(from, 0));
        return new(socket, new IPEndPoint(IPAddress.Loopback, port));
    }

    /// <param name="server">The server's socket.</param>
    /// <param name="own">The path to which replies go; without one there is nowhere for them to go.</param>
    public static DatagramClient OfUnix(string server, string? own)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        if (own is not null) socket.Bind(new UnixDomainSocketEndPoint(own));
        return new(socket, new UnixDomainSocketEndPoint(server), own);
    }

    public void Send(string datagram) => Send(Encoding.Latin1.GetBytes(datagram));

    public void Send(byte[] datagram) => Assert.Equal(datagram.Length, _socket.Send(datagram));

    public async Task<string> ReceiveAsync()
    {
        var buffer = new byte[1 << 18];
        using var patience = new CancellationTokenSource(Patience);
        return Encoding.Latin1.GetString(buffer, 0, await _socket.ReceiveAsync(buffer, patience.Token));
    }

    public async Task<string> AskAsync(string datagram)
    {
        Send(datagram);
        return await ReceiveAsync();
    }

    /// <summary>Whatever has come by now, and was not asked for.</summary>
    public bool HasMore => _socket.Available > 0;

    public void Dispose()
    {
        _socket.Dispose();
        if (_path is not null) File.Delete(_path);
    }
}
