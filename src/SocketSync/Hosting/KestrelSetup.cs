using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace SocketSync;

/// <summary>
/// Adds the endpoints to Kestrel: HTTP, then the listeners. Kestrel ignores the host's HTTP settings if any endpoint is
/// added in code, as every listener is; so the HTTP endpoints are added in code too.
/// </summary>
internal sealed class KestrelSetup(IConfiguration configuration, HostConfiguration host, Topology topology)
    : IConfigureOptions<KestrelServerOptions>
{
    public void Configure(KestrelServerOptions kestrel)
    {
        var http = host.Http.Where(endPoint => !HttpEndPoints.IsKestrels(endPoint)).ToList();
        if (http.Count > 0)
            HttpEndPoints.TakeOver(configuration);
        foreach (var endPoint in http)
            Listen(kestrel, endPoint);

        foreach (var endPoint in topology.Bound.EndPoints.Where(endPoint => !endPoint.IsDatagram))
        {
            if (endPoint.IsForward)
            {
                kestrel.Listen(endPoint, listen => listen.UseForwardedClients(host.Options.Cluster, topology.Listeners));
                continue;
            }

            var listener = topology.Listeners[endPoint.Name];
            endPoint.Rejected = listener.Reject;
            kestrel.Listen(endPoint, listen => listen.UseSocketSync(listener));
        }
    }

    private static void Listen(KestrelServerOptions kestrel, HttpEndPoint http)
    {
        if (http.UnixSocket is { } path)
            kestrel.ListenUnixSocket(path, UseHttp);
        else if (http.NamedPipe is { } pipe)
            kestrel.ListenNamedPipe(pipe, UseHttp);
        else if (http.Address!.IsAny)
            kestrel.ListenAnyIP(http.Port, UseHttp);
        else if (http.Address.IsLocalhost)
            kestrel.ListenLocalhost(http.Port, UseHttp);
        else
            kestrel.Listen(http.Address.Addresses[0], http.Port, UseHttp);

        void UseHttp(ListenOptions listen)
        {
            listen.UseHttpConnectionLimit();
            if (http.IsHttps)
                UseHttps(listen, http);
        }
    }

    /// <exception cref="SocketSyncStartupException">No certificate is configured.</exception>
    public static void UseHttps(ListenOptions listen, HttpEndPoint http)
    {
        try
        {
            listen.UseHttps();
        }
        catch (InvalidOperationException e)
        {
            var problem = $"{e.Message.Split('\n')[0].TrimEnd()} Kestrel:Certificates:Default:Path names one, with its KeyPath or Password";
            throw new SocketSyncStartupException([new ConfigurationProblem(http.Key, http.Url, problem).ToString()]);
        }
    }
}
