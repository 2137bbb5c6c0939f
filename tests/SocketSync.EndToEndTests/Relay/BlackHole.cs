using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>A port on which attempts to connect neither succeed nor fail: whoever listens there has no room left.</summary>
internal sealed class BlackHole : IDisposable
{
    private readonly List<Socket> _sockets = [];

    private BlackHole(int port)
    {
        var listener = Open();
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        listener.Listen(0);
    }

    public static async Task<BlackHole> OpenAsync(int port)
    {
        var hole = new BlackHole(port);
        while (await hole.TakesOneMoreAsync(port))
        {
            // Until one of them waits.
        }

        return hole;
    }

    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());

    private async Task<bool> TakesOneMoreAsync(int port)
    {
        var connect = Open().ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        await Task.WhenAny(connect, Task.Delay(TimeSpan.FromMilliseconds(300), TestContext.Current.CancellationToken));
        return connect.IsCompletedSuccessfully;
    }

    private Socket Open()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(socket);
        return socket;
    }
}
