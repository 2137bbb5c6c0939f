using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace SocketSync;

/// <summary>Sets tight limits for HTTP requests, since the server only expects small ones.</summary>
internal static class HttpHardening
{
    public static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = SmallRequests.MaxBodyBytes;
        limits.MaxRequestLineSize = 4 * 1024;
        limits.MaxRequestHeadersTotalSize = 16 * 1024;
        limits.MaxRequestHeaderCount = 64;
        // A slow or silent client holds one of a limited number of connections. These timeouts end it with an HTTP response
        // where possible; the connection limit ends it without one, also between a TLS handshake and the request headers.
        limits.RequestHeadersTimeout = HttpConnectionLimit.SilenceTime;
        limits.KeepAliveTimeout = HttpConnectionLimit.SilenceTime;
        kestrel.ConfigureHttpsDefaults(static https => https.HandshakeTimeout = HttpConnectionLimit.SilenceTime);
    }

    /// <summary>
    /// Sets a large backlog: while many clients connect at once, the others are queued instead of having to retry a second
    /// later.
    /// </summary>
    public static void Accept(SocketTransportOptions sockets) => sockets.Backlog = 4096;

    /// <summary>Sets the headers of every response, also of 404. A page replaces them with its own.</summary>
    public static void UseSafeHeaders(this WebApplication app) => app.Use(static (context, next) =>
    {
        SafeHeaders.Set(context.Response);
        return next(context);
    });
}
