using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace SocketSync;

/// <summary>Gives Kestrel its endpoints: HTTP, then the listeners.</summary>
internal sealed class KestrelSetup(IConfiguration configuration, SocketSyncOptions options, Topology topology)
    : IConfigureOptions<KestrelServerOptions>
{
    public void Configure(KestrelServerOptions kestrel)
    {
        HttpEndPoints.Listen(kestrel, configuration, options.DefaultAddress);
        foreach (var endPoint in topology.Bound.EndPoints)
        {
            var listener = topology.Listeners[endPoint.Name];
            endPoint.Rejected = listener.Reject;
            kestrel.Listen(endPoint, listen => listen.UseSocketSync(listener));
        }
    }
}
