using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;

namespace SocketSync;

/// <summary>
/// Where HTTP is served, by the settings of any ASP.NET Core host. Kestrel heeds those only where no endpoint is added in
/// code, as every listener is; so they are read here.
/// </summary>
internal static class HttpEndPoints
{
    public const int DefaultPort = 8080;

    /// <summary>Adds the HTTP endpoints, but those of <c>Kestrel:Endpoints</c>, which Kestrel adds itself.</summary>
    /// <exception cref="SocketSyncStartupException">A URL is not one.</exception>
    public static void Listen(KestrelServerOptions kestrel, IConfiguration configuration, string defaultAddress)
    {
        if (configuration.GetSection("Kestrel:Endpoints").GetChildren().Any())
            return;

        var urls = Urls(configuration);
        // Taken over: the host would else hand them to Kestrel too, which would warn that it does not heed them.
        foreach (var key in (string[])[WebHostDefaults.ServerUrlsKey, WebHostDefaults.HttpPortsKey, WebHostDefaults.HttpsPortsKey])
        {
            if (configuration[key] is not null)
                configuration[key] = "";
        }

        if (urls.Count == 0)
            Listen(kestrel, defaultAddress, DefaultPort, isHttps: false);
        foreach (var url in urls)
            Listen(kestrel, url);
    }

    /// <summary>What is set, first found: <c>urls</c>, else <c>http_ports</c> and <c>https_ports</c>.</summary>
    private static List<string> Urls(IConfiguration configuration)
    {
        if (Split(configuration[WebHostDefaults.ServerUrlsKey]) is { Count: > 0 } urls)
            return urls;

        return [
            .. Split(configuration[WebHostDefaults.HttpPortsKey]).Select(port => $"http://*:{port}"),
            .. Split(configuration[WebHostDefaults.HttpsPortsKey]).Select(port => $"https://*:{port}")];
    }

    private static List<string> Split(string? list) =>
        [.. (list ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];

    private static void Listen(KestrelServerOptions kestrel, string url)
    {
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            throw Invalid(url);
        }

        var isHttps = address.Scheme.Equals("https", StringComparison.OrdinalIgnoreCase);
        if (!isHttps && !address.Scheme.Equals("http", StringComparison.OrdinalIgnoreCase))
            throw Invalid(url);
        if (address.IsUnixPipe)
            kestrel.ListenUnixSocket(address.UnixPipePath, listen => UseHttps(listen, isHttps));
        else
            Listen(kestrel, address.Host, address.Port, isHttps);
    }

    private static void Listen(KestrelServerOptions kestrel, string host, int port, bool isHttps)
    {
        if (IPAddress.TryParse(host, out var ip))
            kestrel.Listen(ip, port, listen => UseHttps(listen, isHttps));
        else if (!host.Equals("localhost", StringComparison.OrdinalIgnoreCase))
            kestrel.ListenAnyIP(port, listen => UseHttps(listen, isHttps));
        else if (port == 0)
            throw new SocketSyncStartupException([$"urls: 'http://localhost:0': a free port cannot be picked for both addresses of localhost; write http://127.0.0.1:0"]);
        else
            kestrel.ListenLocalhost(port, listen => UseHttps(listen, isHttps));
    }

    private static void UseHttps(ListenOptions listen, bool isHttps)
    {
        if (isHttps)
            listen.UseHttps();
    }

    private static SocketSyncStartupException Invalid(string url) =>
        new([$"urls: '{url}': must be http://ADDRESS:PORT or https://ADDRESS:PORT, several separated by ';'"]);
}
