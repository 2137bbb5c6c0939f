using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace SocketSync;

/// <summary>
/// Gives Kestrel its endpoints: HTTP, then the listeners. Kestrel heeds the host's settings for HTTP only where no endpoint
/// is added in code, as every listener is; so these are added in code too.
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

        foreach (var endPoint in topology.Bound.EndPoints)
        {
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

    /// <exception cref="SocketSyncStartupException">There is no certificate.</exception>
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
