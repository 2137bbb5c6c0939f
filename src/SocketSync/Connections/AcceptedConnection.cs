using Microsoft.AspNetCore.Connections;

namespace SocketSync;

/// <summary>One connection that a listener has let in: perhaps still in its PROXY header or TLS handshake, then served.</summary>
internal sealed class AcceptedConnection(ConnectionContext connection, TimeProvider time)
{
    /// <summary>A client that an operator closes is told so; one that does not take it in this time is not waited for.</summary>
    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(2);

    private readonly DateTimeOffset _since = time.GetUtcNow();
    private volatile ClientConnection? _served;

    public string Id => connection.ConnectionId;

    /// <summary>Its requests are served from now on.</summary>
    public void Serve(ClientConnection served) => _served = served;

    /// <summary>The server stops: one that has asked nothing yet is closed, one that has is finished first.</summary>
    public void Drain()
    {
        if (_served is { } served)
            served.Drain();
        else
            Abort("The server stops.");
    }

    /// <summary>An operator closes it.</summary>
    public void Close()
    {
        const string Reason = "An operator has closed the client.";
        if (_served is not { } served)
        {
            Abort(Reason);
            return;
        }

        served.Close();
        AbortLaterAsync(Reason).Observe();
    }

    public ConnectionEntry Describe(string listener) => new(
        Id,
        listener,
        (_served?.Client.RemoteEndPoint ?? connection.RemoteEndPoint)?.ToString(),
        _since,
        _served?.Requests ?? 0,
        _served?.IsWaiting ?? false);

    /// <summary>Closes it at once, whatever is under way.</summary>
    public void Abort(string reason) => connection.Abort(new ConnectionAbortedException(reason));

    private async Task AbortLaterAsync(string reason)
    {
        await Task.Delay(FarewellTime, time);
        Abort(reason);
    }
}

internal static class AcceptedConnectionExtensions
{
    /// <summary>Keeps account of the listener's connections, from before the first byte to the end.</summary>
    public static IConnectionBuilder UseConnectionTracking(this IConnectionBuilder builder, ListenerState listener, TimeProvider time) =>
        builder.Use(next => async connection =>
        {
            var accepted = new AcceptedConnection(connection, time);
            connection.Features.Set(accepted);
            listener.Add(accepted);
            try
            {
                await next(connection);
            }
            finally
            {
                listener.Remove(accepted);
            }
        });

    /// <summary>Counts a client as accepted: nothing that is known by its address speaks against it.</summary>
    public static IConnectionBuilder UseAcceptedCount(this IConnectionBuilder builder, ListenerState listener) =>
        builder.Use(next => connection =>
        {
            listener.Accept();
            return next(connection);
        });
}

/// <summary>One client at one moment.</summary>
/// <param name="Id">The connection's id, the same as in logs and status.</param>
/// <param name="Listener">The name of the listener it came by.</param>
/// <param name="RemoteEndPoint">Where it is.</param>
/// <param name="ConnectedAt">Since when it is connected.</param>
/// <param name="Requests">How many requests of its have been complete, also those refused.</param>
/// <param name="Waiting">Whether a request of its is in line.</param>
internal sealed record ConnectionEntry(
    string Id, string Listener, string? RemoteEndPoint, DateTimeOffset ConnectedAt, long Requests, bool Waiting);
