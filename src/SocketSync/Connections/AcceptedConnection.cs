using Microsoft.AspNetCore.Connections;

namespace SocketSync;

/// <summary>One connection that a listener has let in: perhaps still in its PROXY header or TLS handshake, then served.</summary>
internal sealed class AcceptedConnection(ConnectionContext connection)
{
    private volatile SyncConnection? _served;

    public string Id => connection.ConnectionId;

    /// <summary>Its requests are served from now on.</summary>
    public void Serve(SyncConnection served) => _served = served;

    /// <summary>The server stops: one that has asked nothing yet is closed, one that has is finished first.</summary>
    public void Drain()
    {
        if (_served is { } served)
            served.Drain();
        else
            Abort("The server stops.");
    }

    /// <summary>Closes it at once, whatever is under way.</summary>
    public void Abort(string reason) => connection.Abort(new ConnectionAbortedException(reason));
}

internal static class AcceptedConnectionExtensions
{
    /// <summary>Keeps account of the listener's connections, from before the first byte to the end.</summary>
    public static IConnectionBuilder UseAccount(this IConnectionBuilder builder, ListenerState listener) =>
        builder.Use(next => async connection =>
        {
            var accepted = new AcceptedConnection(connection);
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
