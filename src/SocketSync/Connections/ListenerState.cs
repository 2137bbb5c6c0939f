using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace SocketSync;

/// <summary>A listener's settings, its resource, and counters of its clients.</summary>
internal sealed class ListenerState(string name, ListenerOptions options, SharedResource resource, IProtocol protocol, OnError onError)
{
    private readonly long[] _outcomes = new long[OutcomeNames.Count];
    private readonly ConcurrentDictionary<string, AcceptedConnection> _connections = new(StringComparer.Ordinal);
    private volatile OnError _onError = onError;
    private volatile EndOfStream _endOfStream = EndOfStream.Answer;
    private long _accepted;
    private long _rejected;

    public string Name { get; } = name;

    public ListenerOptions Options { get; } = options;

    public SharedResource Resource { get; } = resource;

    public IProtocol Protocol { get; } = protocol;

    /// <summary>Whether errors are reported in the protocol, if it can, or by closing the connection; may change at run time.</summary>
    public OnError OnError
    {
        get => _onError;
        set => _onError = value;
    }

    /// <summary>What to do with a waiting request whose client has ended its stream; may change at run time.</summary>
    public EndOfStream EndOfStream
    {
        get => _endOfStream;
        set => _endOfStream = value;
    }

    public long Accepted => Interlocked.Read(ref _accepted);

    public long Rejected => Interlocked.Read(ref _rejected);

    public int ConnectionCount => _connections.Count;

    public ICollection<AcceptedConnection> Connections => _connections.Values;

    public AcceptedConnection? Find(string id) => _connections.GetValueOrDefault(id);

    public void Reject() => Interlocked.Increment(ref _rejected);

    public void Accept() => Interlocked.Increment(ref _accepted);

    public void Add(AcceptedConnection connection) => _connections[connection.Id] = connection;

    public void Remove(AcceptedConnection connection) => _connections.TryRemove(connection.Id, out _);

    /// <summary>Counts the outcome of a client's request, and logs it unless it is Ok or Abandoned.</summary>
    public void Count(Outcome outcome, Client client)
    {
        Interlocked.Increment(ref _outcomes[(int)outcome]);
        if (ResourceLog.Tells(outcome))
            Resource.Log.Ended(outcome, client);
    }

    public long CountOf(Outcome outcome) => Interlocked.Read(ref _outcomes[(int)outcome]);
}

/// <summary>A connection that a listener has let in: in its PROXY header or TLS handshake at first, then served.</summary>
internal sealed class AcceptedConnection(ConnectionContext connection, TimeProvider time)
{
    /// <summary>The time a client that an operator closes has to take the error reply, before the connection is aborted.</summary>
    private static readonly TimeSpan FarewellTime = TimeSpan.FromSeconds(2);

    private readonly DateTimeOffset _since = time.GetUtcNow();
    private volatile ClientConnection? _served;

    public string Id => connection.ConnectionId;

    /// <summary>Sets the <see cref="ClientConnection"/> that serves this connection from now on.</summary>
    public void Serve(ClientConnection served) => _served = served;

    /// <summary>Shuts the connection down gracefully: finishes the current request. Aborts a connection that is not served yet.</summary>
    public void Drain()
    {
        if (_served is { } served)
            served.Drain();
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
        _served?.IsWaiting ?? false);

    /// <summary>Aborts the connection at once, whatever its state.</summary>
    public void Abort(string reason) => connection.Abort(new ConnectionAbortedException(reason));

    private async Task AbortLaterAsync(string reason)
    {
        await Task.Delay(FarewellTime, time);
        Abort(reason);
    }
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
internal sealed record ConnectionEntry(
    string Id, string Listener, string? RemoteEndPoint, DateTimeOffset ConnectedAt, long Requests, bool Waiting);
