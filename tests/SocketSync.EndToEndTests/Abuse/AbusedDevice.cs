using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>A device that floods: one connection at a time, with nothing asynchronous.</summary>
internal sealed class AbusedDevice : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private long _sent;

    public AbusedDevice() => _listener.Start();

    /// <summary>As <c>Link</c> in the settings.</summary>
    public string Tcp => $$"""
        "Tcp": { "Host": "127.0.0.1", "Port": {{((IPEndPoint)_listener.LocalEndpoint).Port}} }
        """;

    /// <summary>How much the server has taken.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>What an abuser does: it serves one connection after the other.</summary>
    public Action<CancellationToken> Serving(Action<Socket> serve) => end =>
    {
        using var registration = end.Register(_listener.Stop);
        while (!end.IsCancellationRequested)
        {
            using var socket = _listener.AcceptSocket();
            socket.NoDelay = true;
            Abuser.CloseAtEnd(socket, end);
            try
            {
                serve(socket);
            }
            catch (SocketException)
            {
                // The server has closed the link.
            }
        }
    };

    /// <summary>Sends the same for as long as the server keeps the link.</summary>
    public void Flood(Socket socket, byte[] bytes)
    {
        while (socket.Send(bytes) is > 0 and var sent) Interlocked.Add(ref _sent, sent);
    }

    public void Dispose() => _listener.Dispose();
}
