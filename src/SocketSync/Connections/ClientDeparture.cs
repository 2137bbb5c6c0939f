using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace SocketSync;

/// <summary>
/// Tells a client that has reset its connection from one that has only ended its stream and still wants its reply.
/// <see cref="BaseConnectionContext.ConnectionClosed"/> fires for both.
/// </summary>
internal sealed class ClientDeparture
{
    private readonly CancellationToken _closed;
    private readonly PipeReader _input;
    private readonly Socket? _socket;

    public ClientDeparture(ConnectionContext connection)
    {
        _closed = connection.ConnectionClosed;
        // TLS hides the reset: the pipe below it, which a middleware has kept, does not.
        _input = connection.Features.Get<UnderlyingInputFeature>()?.Input ?? connection.Transport.Input;
        _socket = connection.Features.Get<IConnectionSocketFeature>()?.Socket;
    }

    /// <summary>Fires when the client has ended its stream or reset its connection.</summary>
    public CancellationToken Closed => _closed;

    /// <summary>
    /// Whether the client has reset its connection, or has given up by ending its stream. To be asked only while nobody
    /// reads from it and everything unread has been given back to the pipe.
    /// </summary>
    /// <param name="endOfStream">What the end of the stream means.</param>
    public bool HasGone(EndOfStream endOfStream)
    {
        try
        {
            // Completed with an error by a reset, a moment before Closed fires.
            var hasEnded = false;
            if (_input.TryRead(out var result))
            {
                hasEnded = result.IsCompleted;
                _input.AdvanceTo(result.Buffer.Start);
            }

            // The transport reads no more once its pipe is full, or once the stream has ended: what comes then is left in
            // the socket, a reset for instance.
            return HasSocketError() || (endOfStream == EndOfStream.Leave && (hasEnded || HasEndedUnread()));
        }
        catch (Exception exception) when (IsDeparture(exception))
        {
            return true;
        }
    }

    /// <summary>Whether an exception says that the client, or the connection to it, is gone.</summary>
    public static bool IsDeparture(Exception exception) =>
        exception is IOException or ConnectionAbortedException or ObjectDisposedException;

    private bool HasEndedUnread() =>
        _socket is { AddressFamily: AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 } socket && TcpState.IsEnded(socket);

    private bool HasSocketError()
    {
        try
        {
            return _socket?.Poll(TimeSpan.Zero, SelectMode.SelectError) ?? false;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }
}

/// <summary>The connection's own input, beneath TLS: it tells a reset from an end of stream, which a TLS stream hides.</summary>
internal sealed class UnderlyingInputFeature(PipeReader input)
{
    public PipeReader Input { get; } = input;
}

internal static class UnderlyingInputExtensions
{
    /// <summary>Keeps <see cref="UnderlyingInputFeature"/>; to be added before TLS.</summary>
    public static IConnectionBuilder UseUnderlyingInput(this IConnectionBuilder builder) =>
        builder.Use(next => connection =>
        {
            connection.Features.Set(new UnderlyingInputFeature(connection.Transport.Input));
            return next(connection);
        });
}
