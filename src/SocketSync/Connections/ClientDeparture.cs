using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace SocketSync;

/// <summary>
/// Distinguishes a client that has reset its connection from one that has only ended its stream and still wants its reply.
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
        // TLS hides the reset; the pipe below it, which UseUnderlyingInput has kept, does not.
        _input = connection.Features.Get<UnderlyingInputFeature>()?.Input ?? connection.Transport.Input;
        _socket = connection.Features.Get<IConnectionSocketFeature>()?.Socket;
    }

    /// <summary>Fires when the client has ended its stream or reset its connection.</summary>
    public CancellationToken Closed => _closed;

    /// <summary>
    /// Whether the client has reset its connection, or has given up by ending its stream. Call it only while nobody reads from
    /// the pipe and all unread bytes have been given back to it.
    /// </summary>
    /// <param name="endOfStream">How to interpret the end of the stream.</param>
    public bool HasGone(EndOfStreamAction endOfStream)
    {
        try
        {
            // A reset completes the pipe with an error shortly before Closed fires.
            var hasEnded = false;
            if (_input.TryRead(out var result))
            {
                hasEnded = result.IsCompleted;
                _input.AdvanceTo(result.Buffer.Start);
            }

            // The transport stops reading when its pipe is full or the stream has ended: whatever follows, such as a reset, stays
            // in the socket.
            return HasSocketError() || (endOfStream == EndOfStreamAction.Leave && (hasEnded || HasEndedUnread()));
        }
        catch (Exception exception) when (IsDeparture(exception))
        {
            return true;
        }
    }

    /// <summary>Whether an exception means that the client, or the connection to it, is gone.</summary>
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

/// <summary>The connection's input beneath TLS: it distinguishes a reset from an end of stream, which a TLS stream does not.</summary>
internal sealed class UnderlyingInputFeature(PipeReader input)
{
    public PipeReader Input { get; } = input;
}

internal static class UnderlyingInputExtensions
{
    /// <summary>Sets the <see cref="UnderlyingInputFeature"/>. Add it before TLS.</summary>
    public static IConnectionBuilder UseUnderlyingInput(this IConnectionBuilder builder) =>
        builder.Use(next => connection =>
        {
            connection.Features.Set(new UnderlyingInputFeature(connection.Transport.Input));
            return next(connection);
        });
}
