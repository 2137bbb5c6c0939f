using System.Net;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;

namespace SocketSync;

/// <summary>One address at which HTTP is served.</summary>
/// <param name="Key">The key of the configuration that says so.</param>
/// <param name="Url">What it says, or what follows from it.</param>
internal sealed record HttpEndPoint(string Key, string Url)
{
    private readonly BindingAddress? _address = Parse(Url);

    public bool IsHttps => _address?.Scheme == "https";

    /// <summary>The socket's path, where it is one of Unix.</summary>
    public string? UnixSocket => _address is { IsUnixPipe: true } ? _address.UnixPipePath : null;

    /// <summary>A pipe of Windows.</summary>
    public string? NamedPipe => _address is { IsNamedPipe: true } ? _address.NamedPipeName : null;

    /// <summary>
    /// An IP address, "localhost" or "*", as for a listener: Kestrel listens everywhere for any other host.
    /// <see langword="null"/> where there is none.
    /// </summary>
    public string? Host
    {
        get
        {
            if (_address is null or { IsUnixPipe: true } or { IsNamedPipe: true }) return null;
            if (_address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return "localhost";
            // Its socket for [::] takes IPv4 too.
            return IPAddress.TryParse(_address.Host, out var ip) && !ip.Equals(IPAddress.IPv6Any) ? ip.ToString() : "*";
        }
    }

    /// <summary>0 picks a free port, or there is none.</summary>
    public int Port => Host is null ? 0 : _address!.Port;

    /// <summary><see langword="null"/> with a Unix socket or a pipe.</summary>
    public ListenAddress? Address => Host is { } host ? new(host, Port) : null;

    /// <summary>Why nothing can be served there, or <see langword="null"/>.</summary>
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
            // A port that is no number is taken for a part of the host.
            var hasPort = address.Port is >= 0 and <= 65535 && !address.Host.Split(']')[^1].Contains(':', StringComparison.Ordinal);
            return address.Scheme is "http" or "https" && (address.IsUnixPipe || address.IsNamedPipe || hasPort) ? address : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}

/// <summary>Where HTTP is served, by the settings of any ASP.NET Core host; the first found of them holds.</summary>
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

    /// <summary>Whether Kestrel adds it by itself.</summary>
    public static bool IsKestrels(HttpEndPoint endPoint) => endPoint.Key.StartsWith(KestrelSection + ":", StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// Empties the keys that the host would else hand to Kestrel, which would warn that it does not heed them. They cannot
    /// be read afterwards.
    /// </summary>
    public static void TakeOver(IConfiguration configuration)
    {
        foreach (var key in HostKeys.Where(k => configuration[k] is not null)) configuration[key] = "";
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
