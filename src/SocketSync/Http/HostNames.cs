using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace SocketSync;

/// <summary>
/// The host names that HTTP requests may use. Prevents DNS rebinding: a foreign page can make its own name resolve to this
/// server's address and then read, in the operator's browser, the responses to that name; requests for unknown names are
/// refused.
/// </summary>
/// <remarks>
/// Configured by <c>AllowedHosts</c>, ASP.NET Core's own key with its own meaning. If it is not set, requests to a loopback
/// address, which no other machine reaches, must use a loopback name. The built-in middleware has no such default, and would
/// also filter the host's other endpoints, which are not SocketSync's.
/// </remarks>
internal sealed class HostNames(IConfiguration configuration)
{
    public const string Key = "AllowedHosts";

    private static readonly string[] Any = ["*", "[::]", "0.0.0.0"];

    private volatile AllowedNames _names = new(null, null);

    /// <summary>Returns a route group whose endpoints only answer requests for allowed host names.</summary>
    public RouteGroupBuilder Guard(IEndpointRouteBuilder endpoints)
    {
        var group = endpoints.MapGroup("");
        ((IEndpointConventionBuilder)group).Add(endpoint =>
        {
            if (endpoint.RequestDelegate is { } answer)
                endpoint.RequestDelegate = context => MayAsk(context) ? answer(context) : RefuseAsync(context);
        });
        return group;
    }

    public bool MayAsk(HttpContext context)
    {
        var asked = context.Request.Host;
        if (!asked.HasValue)
            return true; // HTTP/1.0, so not a browser.
        if (Allowed() is { } allowed)
            return allowed.Count == 0 || HostString.MatchesAny(asked.ToUriComponent(), allowed);
        return context.Connection.LocalIpAddress is not { } local || !IsLoopback(local) || IsLoopbackName(asked.Host);
    }

    private static bool IsLoopbackName(string name) =>
        name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(name, out var address) && IsLoopback(address));

    private static bool IsLoopback(IPAddress address) =>
        IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    private static Task RefuseAsync(HttpContext context)
    {
        SafeHeaders.Set(context.Response);
        context.Response.StatusCode = StatusCodes.Status400BadRequest;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync($"This server does not answer to that name. {Key} lists those that it does, separated by ';'; left out, a loopback address answers to localhost, 127.0.0.1 and [::1].\n");
    }

    /// <summary>
    /// Returns the allowed names; <see langword="null"/> if none are configured, empty if all are allowed.
    /// </summary>
    private IList<StringSegment>? Allowed()
    {
        var text = configuration[Key];
        if (_names is var names && names.Text == text)
            return names.Patterns;

        var patterns = (text ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        IList<StringSegment>? allowed = patterns.Length == 0 ? null
            : patterns.Intersect(Any, StringComparer.Ordinal).Any() ? []
            : [.. patterns.Select(pattern => new StringSegment(new HostString(pattern).ToUriComponent()))];
        _names = new(text, allowed);
        return allowed;
    }

    private sealed record AllowedNames(string? Text, IList<StringSegment>? Patterns);
}

/// <summary>Response headers that keep a browser from treating a response as active content.</summary>
internal static class SafeHeaders
{
    /// <summary>Sets the headers of a response that is not a page; a page sets its own content policy.</summary>
    public static void Set(HttpResponse response)
    {
        var headers = response.Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        headers["Referrer-Policy"] = "no-referrer";
        headers.CacheControl = "no-store";
    }
}
