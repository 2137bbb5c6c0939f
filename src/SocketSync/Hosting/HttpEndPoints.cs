using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;

namespace SocketSync;

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
