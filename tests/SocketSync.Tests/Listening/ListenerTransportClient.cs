using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;

namespace SocketSync.Tests;

/// <summary>A client whose every step is bounded in time.</summary>
internal sealed class ListenerTransportClient : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private readonly Socket _socket;

    private ListenerTransportClient(Socket socket) => _socket = socket;

    public static async Task<ListenerTransportClient> ConnectAsync(EndPoint address)
    {
        var socket = address.AddressFamily == AddressFamily.Unix
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            using var limit = new CancellationTokenSource(Limit);
            await socket.ConnectAsync(address, limit.Token);
            return new ListenerTransportClient(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public static Task<ListenerTransportClient> ConnectAsync(int port) => ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));

    /// <summary>Sends a text, ends the stream, and gives back all that comes.</summary>
    public static async Task<string> AskAsync(EndPoint address, string text)
    {
        using var client = await ConnectAsync(address);
        await client.SendAsync(text);
        client._socket.Shutdown(SocketShutdown.Send);
        return await client.ReadToEndAsync();
    }

    /// <summary>The connection that the listener has accepted next; <see langword="null"/> when it is closed.</summary>
    public static Task<ConnectionContext?> TakeAsync(IConnectionListener listener) => listener.AcceptAsync().AsTask().WaitAsync(Limit);

    public async Task SendAsync(string text)
    {
        using var limit = new CancellationTokenSource(Limit);
        await _socket.SendAsync(Encoding.ASCII.GetBytes(text), limit.Token);
    }

    /// <summary>What one read brings; empty at the end.</summary>
    public async Task<string> ReadAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        var buffer = new byte[1024];
        return Encoding.ASCII.GetString(buffer, 0, await _socket.ReceiveAsync(buffer, limit.Token));
    }

    public async Task<string> ReadToEndAsync()
    {
        var all = new StringBuilder();
        while (await ReadAsync() is { Length: > 0 } text)
            all.Append(text);
        return all.ToString();
    }

    public void Dispose() => _socket.Dispose();
}
