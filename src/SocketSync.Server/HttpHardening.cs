using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace SocketSync;

/// <summary>The HTTP of this server is small: so are the limits of what it takes in.</summary>
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
        // One that dawdles, or says nothing at all, has one of few connections. HTTP ends it with a word where it knows one;
        // the limit of connections ends it without, and also between a handshake and a head.
        limits.RequestHeadersTimeout = HttpConnectionLimit.SilenceTime;
        limits.KeepAliveTimeout = HttpConnectionLimit.SilenceTime;
        kestrel.ConfigureHttpsDefaults(static https => https.HandshakeTimeout = HttpConnectionLimit.SilenceTime);
    }

    /// <summary>While many connect at once, those who come in between are kept, and not sent away to try again a second later.</summary>
    public static void Accept(SocketTransportOptions sockets) => sockets.Backlog = 4096;

    /// <summary>For every answer, also to what is not found. A page puts its own in their place.</summary>
    public static void UseSafeHeaders(this WebApplication app) => app.Use(static (context, next) =>
    {
        SafeHeaders.Set(context.Response);
        return next(context);
    });
}
