using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>A device that the test plays, on UDP. It notes what has come, from where.</summary>
internal sealed class DatagramDevice : IAsyncDisposable
{
    private readonly ConcurrentQueue<Datagram> _asked = new();
    private readonly Func<Datagram, Task> _script;
    private Socket _socket;
    private Task _serving;

    /// <param name="dialect">What it speaks.</param>
    /// <param name="script">What it does with each request; it answers where none is given.</param>
    public DatagramDevice(DeviceDialect dialect, Func<Datagram, Task>? script = null)
    {
        Dialect = dialect;
        _script = script ?? (asked => asked.AnswerAsync());
        _socket = Bind(0);
        Port = ((IPEndPoint)_socket.LocalEndPoint!).Port;
        _serving = ServeAsync(_socket);
    }

    public DeviceDialect Dialect { get; }

    public int Port { get; }

    /// <summary>As <c>Link</c> in the settings.</summary>
    public string Udp => $$"""
        "Udp": { "Host": "127.0.0.1", "Port": {{Port}} }
        """;

    /// <summary>Every request that has come, in that order.</summary>
    public IReadOnlyList<Datagram> Asked => [.. _asked];

    public async Task GoAwayAsync()
    {
        _socket.Dispose();
        await _serving;
    }

    public void ComeBack()
    {
        _socket = Bind(Port);
        _serving = ServeAsync(_socket);
    }

    public async Task SendAsync(byte[] bytes, EndPoint to) => await _socket.SendToAsync(bytes, to);

    public async ValueTask DisposeAsync() => await GoAwayAsync();

    private static Socket Bind(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
        return socket;
    }

    private async Task ServeAsync(Socket socket)
    {
        var buffer = new byte[65536];
        while (true)
        {
            try
            {
                var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0));
                var asked = new Datagram(this, buffer[..received.ReceivedBytes], received.RemoteEndPoint, _asked.Count + 1);
                _asked.Enqueue(asked);
                await _script(asked);
            }
            catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
            {
                // Nobody was there any more to take a late reply.
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}

/// <summary>A request to a <see cref="DatagramDevice"/>.</summary>
/// <param name="Device">Whom it was sent to.</param>
/// <param name="Request">What came.</param>
/// <param name="From">The link's socket.</param>
/// <param name="Number">Counted from 1.</param>
internal sealed record Datagram(DatagramDevice Device, byte[] Request, EndPoint From, int Number)
{
    public byte[] Reply => Device.Dialect.Reply(Request);

    public Task AnswerAsync() => SendAsync(Reply);

    public Task SendAsync(byte[] bytes) => Device.SendAsync(bytes, From);
}
