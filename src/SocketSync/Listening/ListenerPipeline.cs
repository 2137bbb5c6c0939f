using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>The connection middleware of a listener.</summary>
internal static class ListenerPipeline
{
    /// <summary>Adds all middleware of a listener, in the order in which a connection passes through it.</summary>
    public static void UseSocketSync(this ListenOptions endPoint, ListenerState listener)
    {
        var services = endPoint.ApplicationServices;
        var options = listener.Options;
        var time = services.GetRequiredService<TimeProvider>();
        var allowed = Networks(options.AllowedNetworks);
        var rejections = new ConnectionRejections(listener, time, services.GetRequiredService<ILogger<ConnectionRejections>>());
        services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopped.Register(rejections.Dispose);
        endPoint.Protocols = HttpProtocols.None;
        var node = services.GetRequiredService<SocketSyncOptions>().Cluster.Node;
        endPoint.UseIdsOfNode(node);
        endPoint.UseResetAtDeath(node);

        // Behind a proxy the peer is the proxy; the client's address is known only after the connection limit.
        if (options.ProxyProtocol)
            endPoint.UseTrustedProxies(Networks(options.TrustedProxies), rejections.Untrusted);
        else
            endPoint.UseAllowedNetworks(allowed, rejections.Foreign);
        endPoint.UseConnectionLimit(options.MaxConnections, rejections.Excess);
        endPoint.UseConnectionTracking(listener, time);
        if (options.ProxyProtocol)
        {
            endPoint.UseProxyProtocol(options.FrameTimeout, rejections.Reject, time);
            endPoint.UseAllowedNetworks(allowed, rejections.Foreign);
        }

        // Counts by the client's own address, which is known only now if there is a proxy.
        if (options.MaxConnectionsPerAddress > 0)
            endPoint.UseConnectionLimitPerAddress(options.MaxConnectionsPerAddress, rejections.ExcessOfAddress);
        endPoint.UseAcceptedCount(listener);
        if (options.Tls is { } tls)
        {
            endPoint.UseUnderlyingInput();
            endPoint.UseTls(tls);
        }

        endPoint.UseForwarding(listener);
        var handler = new ClientConnectionHandler(
            listener,
            time,
            services.GetRequiredService<ILogger<ClientConnection>>());
        endPoint.Run(handler.OnConnectedAsync);
    }

    private static List<IPNetwork> Networks(IEnumerable<string> networks) => [.. networks.Select(network => IPNetwork.Parse(network))];
}

/// <summary>Counts and logs the connections that a listener has rejected.</summary>
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

    /// <param name="connection">The rejected connection.</param>
    /// <param name="reason">The reason, worded to end a sentence; must be one of a few distinct texts.</param>
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
