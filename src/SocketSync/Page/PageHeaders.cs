using Microsoft.AspNetCore.Http;

namespace SocketSync;

/// <summary>What a browser is told about the page.</summary>
internal static class PageHeaders
{
    // Styles may be inline, because MudBlazor writes its theme into a style element and sizes into style attributes; scripts may not.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
        "base-uri 'self'; form-action 'none'; frame-ancestors 'none'";

    public static void Set(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        // Asked for again each time, answered with 304: after an update nobody sees the old script with the new server.
        headers.CacheControl = "no-cache";
    }
}
