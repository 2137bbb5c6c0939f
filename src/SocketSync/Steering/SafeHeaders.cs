using Microsoft.AspNetCore.Http;

namespace SocketSync;

/// <summary>What keeps a browser from making more of an answer than it is.</summary>
internal static class SafeHeaders
{
    /// <summary>For anything that is not a page; a page says itself what it is made of.</summary>
    public static void Set(HttpResponse response)
    {
        var headers = response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store";
    }
}
