using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>The way of a connection through a listener.</summary>
internal static class SocketSyncListenExtensions
{
    /// <summary>Everything that a connection passes through, in this order.</summary>
    public static void UseSocketSync(this ListenOptions endPoint, ListenerState listener)
    {
        var services = endPoint.ApplicationServices;
        var options = listener.Options;
        var time = services.GetRequiredService<TimeProvider>();
        var allowed = Networks(options.AllowedNetworks);
        var proxies = new ProxyRejections(listener, time, services.GetRequiredService<ILogger<ProxyRejections>>());
        endPoint.Protocols = HttpProtocols.None;

        // Behind a proxy the peer is the proxy, and the client's address is known only after the limit has let it in.
        if (options.ProxyProtocol)
            endPoint.UseTrustedProxies(Networks(options.TrustedProxies), proxies.Untrusted);
        else
            endPoint.UseAllowedNetworks(allowed, _ => listener.Reject());
        endPoint.UseConnectionLimit(options.MaxConnections, _ => listener.Reject());
        endPoint.UseAccount(listener, time);
        if (options.ProxyProtocol)
        {
            endPoint.UseProxyProtocol(options.FrameTimeout, proxies.Header, time);
            endPoint.UseAllowedNetworks(allowed, _ => listener.Reject());
        }

        // Counted by the client's own address: behind a proxy it is known only now.
        if (options.MaxConnectionsPerAddress > 0)
            endPoint.UseConnectionLimitPerAddress(options.MaxConnectionsPerAddress, _ => listener.Reject());
        endPoint.UseAcceptedCount(listener);
        if (options.Tls is { } tls)
        {
            endPoint.UseRawTransport();
            endPoint.UseTls(tls);
        }

        var handler = new SyncConnectionHandler(
            listener,
            time,
            services.GetRequiredService<ILogger<SyncConnection>>());
        endPoint.Run(handler.OnConnectedAsync);
    }

    private static List<IPNetwork> Networks(IEnumerable<string> networks) => [.. networks.Select(network => IPNetwork.Parse(network))];
}
