using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;

namespace SocketSync;

/// <summary>A connection to the node that owns a resource, for one client, which that node has agreed to serve.</summary>
internal sealed class OwnerLink : IDisposable
{
    private readonly Socket _socket;
    private readonly Stream _stream;

    private OwnerLink(Socket socket, Stream stream) => (_socket, _stream) = (socket, stream);

    public bool IsEncrypted => _stream is SslStream;

    /// <summary>Whether the owner has reset the connection, though nothing may have been read of it.</summary>
    public bool IsReset => TcpFault.IsSeenOn(_socket);

    /// <summary>Connects, says who the client is, and waits until the owner has agreed to serve it.</summary>
    /// <param name="place">Where the owner is.</param>
    /// <param name="header">What it is told of the client.</param>
    /// <param name="tls">How it is known; <see langword="null"/>: by the header's secret.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="ForwardException">The owner cannot be reached, or does not serve the client.</exception>
    public static async Task<OwnerLink> OpenAsync(IPEndPoint place, ReadOnlyMemory<byte> header, ForwardTls? tls, CancellationToken cancellationToken)
    {
        var socket = new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            TcpFault.KeepAlive(socket);
            await socket.ConnectAsync(place, cancellationToken);
            stream = tls is null ? new NetworkStream(socket, ownsSocket: false) : await tls.AuthenticateAsync(socket, cancellationToken);
            await stream.WriteAsync(header, cancellationToken);
            var answer = new byte[Chunk.HeaderLength];
            await stream.ReadExactlyAsync(answer, cancellationToken);
            return Chunk.Read(answer).Kind switch
            {
                ChunkKind.Accepted => new(socket, stream),
                ChunkKind.Refused => throw new ForwardException("it does not serve it"),
                _ => throw new ForwardException("it answers in a way that this version does not know"),
            };
        }
        catch (Exception e)
        {
            if (stream is not null)
                await stream.DisposeAsync();
            socket.Dispose();
            if (e is SocketException or IOException or AuthenticationException)
                throw new ForwardException(e.GetBaseException().Message.ReplaceLineEndings(" "), e);
            throw;
        }
    }

    public ValueTask<int> ReadAsync(Memory<byte> buffer) => _stream.ReadAsync(buffer);

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes) => _stream.WriteAsync(bytes);

    /// <summary>Passes the end of the client's stream on; what the owner sends can still be read.</summary>
    public async ValueTask EndAsync()
    {
        if (_stream is SslStream tls)
            await tls.ShutdownAsync();
        _socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Passes a reset on: the client is gone. May be called at any time, also while something is read or written.</summary>
    public void Reset() => _socket.Close(timeout: 0);

    public void Dispose()
    {
        _socket.Dispose();
        _stream.Dispose();
    }
}

/// <summary>A client could not be led to the node that owns its resource. The message is one line that ends a sentence.</summary>
internal sealed class ForwardException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>Connections between nodes: how the end of a machine that says nothing any more is noticed.</summary>
internal static class TcpFault
{
    /// <summary>Notices within eight seconds that the other machine has lost its power, also while nothing is sent.</summary>
    public static void KeepAlive(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 5);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
    }

    /// <summary>Whether closing the socket resets its connection; the kernel closes those of a process that dies.</summary>
    public static void SetResetAtClose(Socket? socket, bool isReset)
    {
        if (socket is not { ProtocolType: ProtocolType.Tcp })
            return;
        try
        {
            socket.LingerState = new(isReset, 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It is closed already.
        }
    }

    /// <summary>Whether a client has reset its connection, also if that has been read, or what it sent before has not.</summary>
    public static bool IsReset(Socket? client) =>
        client is { AddressFamily: AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 } ? TcpState.IsReset(client) : IsSeenOn(client);

    /// <summary>Whether the connection was reset, which reading would tell only after what came before has been read.</summary>
    public static bool IsSeenOn(Socket? socket)
    {
        try
        {
            return socket?.Poll(TimeSpan.Zero, SelectMode.SelectError) ?? false;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }
}
