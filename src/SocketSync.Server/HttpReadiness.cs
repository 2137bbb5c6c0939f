using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>How the same machine asks the server for its readiness.</summary>
internal static class HttpReadiness
{
    /// <summary><see langword="null"/> where no endpoint has a port that can be known beforehand.</summary>
    public static Uri? UrlOf(IEnumerable<HttpEndPoint> http) => http
        .Where(e => e is { Host: not null, Port: > 0 })
        .OrderBy(e => e.IsHttps)
        .Select(e => new UriBuilder(e.IsHttps ? Uri.UriSchemeHttps : Uri.UriSchemeHttp, Reachable(e.Host!), e.Port, "/health/ready").Uri)
        .FirstOrDefault();

    private static string Reachable(string host)
    {
        if (!IPAddress.TryParse(host, out var address) || address.Equals(IPAddress.Any)) return "127.0.0.1";
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : host;
    }
}
