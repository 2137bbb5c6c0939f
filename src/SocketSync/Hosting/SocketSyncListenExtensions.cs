using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
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
        var rejections = new ConnectionRejections(listener, time, services.GetRequiredService<ILogger<ConnectionRejections>>());
        services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopped.Register(rejections.Dispose);
        endPoint.Protocols = HttpProtocols.None;

        // Behind a proxy the peer is the proxy, and the client's address is known only after the limit has let it in.
        if (options.ProxyProtocol)
            endPoint.UseTrustedProxies(Networks(options.TrustedProxies), rejections.Untrusted);
        else
            endPoint.UseAllowedNetworks(allowed, rejections.Foreign);
        endPoint.UseConnectionLimit(options.MaxConnections, rejections.Excess);
        endPoint.UseAccount(listener, time);
        if (options.ProxyProtocol)
        {
            endPoint.UseProxyProtocol(options.FrameTimeout, rejections.Reject, time);
            endPoint.UseAllowedNetworks(allowed, rejections.Foreign);
        }

        // Counted by the client's own address: behind a proxy it is known only now.
        if (options.MaxConnectionsPerAddress > 0)
            endPoint.UseConnectionLimitPerAddress(options.MaxConnectionsPerAddress, rejections.ExcessOfAddress);
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
