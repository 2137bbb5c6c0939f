using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace SocketSync;

/// <summary>Whether a WebSocket is asked for by the page itself. A browser lets any page open one to any server, and says which does.</summary>
internal static class PageOrigin
{
    private const string ForwardedHost = "X-Forwarded-Host";

    /// <summary>
    /// No for another page's, or one that has no name. Who sends no origin at all is not a browser, which always does, and might as
    /// well have sent the right one.
    /// </summary>
    /// <remarks>
    /// Compared is what the browser has in its address bar, host and port, with the name by which it asked. A proxy may have changed
    /// the scheme, so that says nothing; and it may have put its own name in the place of the browser's and sent that along, which no
    /// page can make a browser do for a WebSocket.
    /// </remarks>
    public static bool IsOwn(HttpRequest request)
    {
        var origins = request.Headers[HeaderNames.Origin];
        if (origins.Count == 0)
            return true;
        if (origins is not [{ } text] || !Uri.TryCreate(text, UriKind.Absolute, out var origin) || origin.Scheme is not ("http" or "https"))
            return false;
        return IsAt(origin, request.Host) || request.Headers[ForwardedHost].Any(hosts => IsAt(origin, new HostString(hosts?.Split(',')[0].Trim() ?? "")));
    }

    private static bool IsAt(Uri origin, HostString host) =>
        host.HasValue
        && origin.Host.Equals(host.Host, StringComparison.OrdinalIgnoreCase)
        && origin.Port == (host.Port ?? DefaultPort(origin));

    private static int DefaultPort(Uri origin) => origin.Scheme == Uri.UriSchemeHttps ? 443 : 80;
}
