using System.Net;
using System.Net.Sockets;

namespace SocketSync.Benchmarks;

/// <summary>A client that sends a line and takes it back, as often as it is told.</summary>
internal sealed class EchoClient : IDisposable
{
    private static readonly byte[] Line = [.. Enumerable.Repeat((byte)'x', 63), (byte)'\n'];

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public static async Task<EchoClient> ConnectAsync(int port, CancellationToken cancellationToken)
    {
        var client = new EchoClient();
        await client._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancellationToken);
        return client;
    }

    public async Task AskAsync(CancellationToken cancellationToken)
    {
        await _socket.SendAsync(Line, cancellationToken);
        var reply = new byte[Line.Length];
        for (var taken = 0; taken < reply.Length;)
        {
            var read = await _socket.ReceiveAsync(reply.AsMemory(taken), cancellationToken);
            if (read == 0)
                throw new IOException("The measured server has closed a connection.");
            taken += read;
        }

        if (!reply.AsSpan().SequenceEqual(Line))
            throw new IOException("The measured server has replied with something else.");
    }

    public void Dispose() => _socket.Dispose();
}
