using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Counts and tells of the connections that a listener has closed unserved.</summary>
internal sealed partial class ConnectionRejections : IDisposable
{
    private readonly ListenerState _listener;
    private readonly LogThrottle<Rejection> _log;

    public ConnectionRejections(ListenerState listener, TimeProvider time, ILogger<ConnectionRejections> logger)
    {
        _listener = listener;
        _log = new(
            time,
            first => LogRejected(logger, listener.Name, first.Address, first.Reason),
            (last, sum) => LogMoreRejected(logger, listener.Name, sum.Count, last.Address, sum.Seconds, last.Reason),
            fold: rejection => rejection with { Address = RemoteAddress.Others });
    }

    public void Foreign(ConnectionContext connection) => Reject(connection, "AllowedNetworks does not let it in");

    public void Excess(ConnectionContext connection) => Reject(connection, "MaxConnections is reached");

    public void ExcessOfAddress(ConnectionContext connection) => Reject(connection, "MaxConnectionsPerAddress is reached");

    public void Untrusted(ConnectionContext connection) => Reject(connection, "TrustedProxies does not name it");

    /// <param name="connection">Which one.</param>
    /// <param name="reason">Why, in words that end a sentence; of few different ones.</param>
    public void Reject(ConnectionContext connection, string reason)
    {
        _listener.Reject();
        _log.Add(new Rejection(RemoteAddress.Of(connection.RemoteEndPoint), reason));
    }

    public void Dispose() => _log.Dispose();

    [LoggerMessage(110, LogLevel.Warning, "Listener {Listener}: a connection from {Address} is closed: {Reason}")]
    private static partial void LogRejected(ILogger logger, string listener, object address, string reason);

    [LoggerMessage(111, LogLevel.Warning, "Listener {Listener}: {Count} more connections from {Address} were closed within {Seconds} s: {Reason}")]
    private static partial void LogMoreRejected(ILogger logger, string listener, long count, object address, int seconds, string reason);

    private readonly record struct Rejection(object Address, string Reason);
}
