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
        var time = services.GetRequiredService<TimeProvider>();
        var networks = listener.Options.AllowedNetworks.Select(network => IPNetwork.Parse(network)).ToList();
        endPoint.Protocols = HttpProtocols.None;

        endPoint.UseAllowedNetworks(networks, _ => listener.Reject());
        endPoint.UseConnectionLimit(listener.Options.MaxConnections, _ => listener.Reject());
        endPoint.UseAccount(listener, time);
        if (listener.Options.Tls is { } tls)
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
}
