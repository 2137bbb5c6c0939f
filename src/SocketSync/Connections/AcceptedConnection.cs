using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Connections;

namespace SocketSync;

/// <summary>A connection that a listener has let in: in its PROXY header or TLS handshake at first, then served.</summary>
internal sealed class AcceptedConnection(ConnectionContext connection, TimeProvider time)
{
    /// <summary>The time a client that an operator closes has to take the error reply, before the connection is aborted.</summary>
    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(2);

    private readonly DateTimeOffset _since = time.GetUtcNow();
    private volatile IServedConnection? _served;
    private volatile Forwarding? _forwarding;

    public string Id => connection.ConnectionId;

    /// <summary>Sets what serves this connection from now on.</summary>
    public void Serve(IServedConnection served) => _served = served;

    /// <summary>Whether this node serves the client itself, as opposed to leading it to another node, or not knowing yet.</summary>
    public bool IsServedHere => _served is not null;

    /// <summary>Whether another node serves the client, which knows it by the same id.</summary>
    public bool IsForwarded => _forwarding is not null;

    /// <summary>The node that serves the client, if that is another one; its entry of the same id is the one to close, or to ask for requests.</summary>
    public string? ForwardedTo => _forwarding?.Node;

    /// <summary>Another node serves this connection from now on.</summary>
    /// <param name="node">That node's name.</param>
    /// <param name="drain">Ends the client's stream there, so that what it has asked is finished, and no more.</param>
    public void Forward(string node, Action drain) => _forwarding = new(node, drain);

    /// <summary>Shuts the connection down gracefully: finishes the current request. Aborts a connection that is not served yet.</summary>
    public void Drain()
    {
        if (_served is { } served)
            served.Drain();
        else if (_forwarding is { } forwarding)
            forwarding.Drain();
        else
            Abort("The server stops.");
    }

    /// <summary>Closes the connection at an operator's request.</summary>
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
        _served?.IsWaiting ?? false)
    {
        ForwardedTo = ForwardedTo,
    };

    /// <summary>Aborts the connection at once, whatever its state.</summary>
    public void Abort(string reason) => connection.Abort(new ConnectionAbortedException(reason));

    private async Task AbortLaterAsync(string reason)
    {
        await Task.Delay(FarewellTime, time);
        Abort(reason);
    }

    private sealed record Forwarding(string Node, Action Drain);
}

internal static class AcceptedConnectionExtensions
{
    /// <summary>Tracks the listener's connections from before the first byte until they end.</summary>
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

    /// <summary>Counts a client as accepted: it has passed all checks of its address.</summary>
    public static IConnectionBuilder UseAcceptedCount(this IConnectionBuilder builder, ListenerState listener) =>
        builder.Use(next => connection =>
        {
            listener.Accept();
            return next(connection);
        });
}

/// <summary>A snapshot of one client.</summary>
/// <param name="Id">The connection's id, the same as in logs and status.</param>
/// <param name="Listener">The name of the listener that accepted the client.</param>
/// <param name="RemoteEndPoint">The client's endpoint.</param>
/// <param name="ConnectedAt">When the client connected.</param>
/// <param name="Requests">How many complete requests the client has sent, including refused ones.</param>
/// <param name="Waiting">Whether a request of the client waits in the queue.</param>
/// <param name="Node">The node that the client is connected to; <see langword="null"/> for a server that is alone.</param>
internal sealed record ConnectionEntry(
    string Id,
    string Listener,
    string? RemoteEndPoint,
    DateTimeOffset ConnectedAt,
    long Requests,
    bool Waiting,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Node = null)
{
    /// <summary>
    /// The node that serves the client, if that is another one. That node has an entry of the same id, with the requests: over all nodes,
    /// this one is left out.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ForwardedTo { get; init; }
}
