using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace SocketSync;

/// <summary>One address on which HTTP is served.</summary>
/// <param name="Key">The configuration key that sets the address.</param>
/// <param name="Url">The URL that is configured, or derived from the setting.</param>
internal sealed record HttpEndPoint(string Key, string Url)
{
    private readonly BindingAddress? _address = Parse(Url);

    public bool IsHttps => _address?.Scheme == "https";

    /// <summary>The socket's path, if this is a Unix socket.</summary>
    public string? UnixSocket => _address is { IsUnixPipe: true } ? _address.UnixPipePath : null;

    /// <summary>The pipe's name, if this is a Windows named pipe.</summary>
    public string? NamedPipe => _address is { IsNamedPipe: true } ? _address.NamedPipeName : null;

    /// <summary>
    /// An IP address, "localhost" or "*", as for a listener: Kestrel binds any other host name to all addresses.
    /// <see langword="null"/> if there is no host.
    /// </summary>
    public string? Host
    {
        get
        {
            if (_address is null or { IsUnixPipe: true } or { IsNamedPipe: true }) return null;
            if (_address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return "localhost";
            // Kestrel's socket for [::] also accepts IPv4.
            return IPAddress.TryParse(_address.Host, out var ip) && !ip.Equals(IPAddress.IPv6Any) ? ip.ToString() : "*";
        }
    }

    /// <summary>The port; 0 picks a free one, or means that there is no port.</summary>
    public int Port => Host is null ? 0 : _address!.Port;

    /// <summary>The address to bind; <see langword="null"/> for a Unix socket or a pipe.</summary>
    public ListenAddress? Address => Host is { } host ? new(host, Port) : null;

    /// <summary>Why the endpoint cannot be served, or <see langword="null"/>.</summary>
    public ConfigurationProblem? Problem
    {
        get
        {
            if (_address is null) return new(Key, Url, "must be a URL such as http://localhost:8080, its port from 0 to 65535; several in one key are separated by ';'");
            if (_address.PathBase.Length > 0) return new(Key, Url, $"must end with its port, without {_address.PathBase}");
            return Host == "localhost" && Port == 0
                ? new(Key, Url, $"a free port cannot be picked for both addresses of localhost; write {_address.Scheme}://127.0.0.1:0")
                : null;
        }
    }

    private static BindingAddress? Parse(string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            // BindingAddress takes a port that is not a number for a part of the host.
            var hasPort = address.Port is >= 0 and <= 65535 && !address.Host.Split(']')[^1].Contains(':', StringComparison.Ordinal);
            return address.Scheme is "http" or "https" && (address.IsUnixPipe || address.IsNamedPipe || hasPort) ? address : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}

/// <summary>Finds the HTTP endpoints in the settings of any ASP.NET Core host; the first setting found wins.</summary>
internal static class HttpEndPoints
{
    private const int DefaultPort = 8080;
    private const string KestrelSection = "Kestrel:Endpoints";

    private static readonly string[] HostKeys = [WebHostDefaults.ServerUrlsKey, WebHostDefaults.HttpPortsKey, WebHostDefaults.HttpsPortsKey];

    public static IReadOnlyList<HttpEndPoint> Of(IConfiguration configuration, string defaultAddress)
    {
        List<HttpEndPoint> found = [.. configuration.GetSection(KestrelSection).GetChildren().Select(e => new HttpEndPoint($"{e.Path}:Url", e["Url"] ?? ""))];
        if (found.Count == 0) found = [.. Values(configuration, WebHostDefaults.ServerUrlsKey, url => url)];
        if (found.Count == 0)
        {
            found =
            [
                .. Values(configuration, WebHostDefaults.HttpPortsKey, port => $"http://*:{port}"),
                .. Values(configuration, WebHostDefaults.HttpsPortsKey, port => $"https://*:{port}"),
            ];
        }

        return found.Count > 0 ? found : [Default(defaultAddress)];
    }

    /// <summary>Whether Kestrel adds the endpoint itself.</summary>
    public static bool IsKestrels(HttpEndPoint endPoint) => endPoint.Key.StartsWith(KestrelSection + ":", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Clears the keys that the host would otherwise pass to Kestrel, which would warn that it ignores them. They cannot be
    /// read afterwards.
    /// </summary>
    public static void TakeOver(IConfiguration configuration)
    {
        foreach (var key in HostKeys.Where(k => configuration[k] is not null)) configuration[key] = "";
        // A list of nothing: where it is empty, the host takes the addresses that it was built with.
        configuration[WebHostDefaults.ServerUrlsKey] = ";";
    }

    private static HttpEndPoint Default(string address)
    {
        var host = address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address;
        return new($"{SocketSyncOptions.SectionName}:{nameof(SocketSyncOptions.DefaultAddress)}", $"http://{host}:{DefaultPort}");
    }

    private static IEnumerable<HttpEndPoint> Values(IConfiguration configuration, string key, Func<string, string> url) =>
        (configuration[key] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(value => new HttpEndPoint(key, url(value)));
}
