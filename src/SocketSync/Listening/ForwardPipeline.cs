using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>The connection middleware of the port that takes the clients of other nodes.</summary>
internal static class ForwardPipeline
{
    /// <summary>Adds all middleware, in the order in which a connection passes through it.</summary>
    public static void UseForwardedClients(this ListenOptions endPoint, ClusterOptions cluster, IReadOnlyDictionary<string, ListenerState> listeners)
    {
        var services = endPoint.ApplicationServices;
        endPoint.Protocols = HttpProtocols.None;
        if (cluster.Tls is { } tls)
        {
            endPoint.UseUnderlyingInput();
            endPoint.UseTls(new TlsOptions { Certificate = tls.Certificate, ClientCertificate = ClientCertificate.Require, ClientAuthority = tls.Authority });
        }

        var receiver = new ForwardReceiver(
            listeners,
            services.GetService<IResourceDirectory>(),
            cluster.Tls is null ? services.GetRequiredService<ForwardSecret>() : null,
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILoggerFactory>());
        services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopped.Register(receiver.Dispose);
        endPoint.Run(receiver.ServeAsync);
    }
}
