using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace SocketSync;

/// <summary>Where the HTTP endpoint is, by the rules of an ASP.NET Core host.</summary>
internal static class HttpEndpoints
{
    private const int DefaultPort = 8080;

    /// <summary>The URLs, with the key that each comes from.</summary>
    public static IReadOnlyList<(string Key, string Url)> Of(IConfiguration configuration, string defaultAddress)
    {
        var kestrel = configuration.GetSection("Kestrel:Endpoints").GetChildren()
            .Select(e => ($"{e.Path}:Url", e["Url"] ?? "")).ToList();
        if (kestrel.Count > 0) return kestrel;

        var urls = Split(configuration["urls"]).Select(u => ("urls", u)).ToList();
        if (urls.Count > 0) return urls;

        var ports = Split(configuration["http_ports"]).Select(p => ("http_ports", $"http://*:{p}"))
            .Concat(Split(configuration["https_ports"]).Select(p => ("https_ports", $"https://*:{p}"))).ToList();
        if (ports.Count > 0) return ports;

        var host = defaultAddress.Contains(':', StringComparison.Ordinal) ? $"[{defaultAddress}]" : defaultAddress;
        return [($"{SocketSyncOptions.SectionName}:{nameof(SocketSyncOptions.DefaultAddress)}", Url("http", host, DefaultPort))];
    }

    public static IEnumerable<string> Problems(IConfiguration configuration, string defaultAddress) =>
        Of(configuration, defaultAddress)
            .Where(e => Parse(e.Url) is null)
            .Select(e => new ConfigurationProblem(e.Key, e.Url, "must be a URL such as http://localhost:8080, its port from 0 to 65535").ToString());

    /// <summary>How the same machine asks for readiness, or <see langword="null"/> where that cannot be told.</summary>
    public static Uri? Readiness(IConfiguration configuration, string defaultAddress) =>
        Of(configuration, defaultAddress)
            .Select(e => Parse(e.Url))
            .Where(a => a is { IsUnixPipe: false, Port: > 0 })
            .OrderBy(a => a!.Scheme.Length) // "http" before "https"
            .Select(a => new Uri(Url(a!.Scheme, Reachable(a.Host), a.Port) + "/health/ready"))
            .FirstOrDefault();

    private static string[] Split(string? list) =>
        list?.Split([';', ','], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];

    private static string Url(string scheme, string host, int port) => string.Create(CultureInfo.InvariantCulture, $"{scheme}://{host}:{port}");

    // Kestrel listens everywhere for any host that is neither an IP address nor localhost.
    private static string Reachable(string host)
    {
        if (!IPAddress.TryParse(host, out var address) || address.Equals(IPAddress.Any)) return "127.0.0.1";
        return address.Equals(IPAddress.IPv6Any) ? "[::1]" : host;
    }

    private static BindingAddress? Parse(string url)
    {
        try
        {
            var address = BindingAddress.Parse(url);
            // A port that is no number is taken for a part of the host.
            var isWhole = address.IsUnixPipe || (address.Port is >= 0 and <= 65535 && !address.Host.TrimStart('[').Split(']')[^1].Contains(':', StringComparison.Ordinal));
            return isWhole && address.Scheme is "http" or "https" ? address : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
