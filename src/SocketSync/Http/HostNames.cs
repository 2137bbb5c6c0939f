using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace SocketSync;

/// <summary>
/// By which names HTTP may be asked. A foreign page can have its own name resolve to this server's address and then reads, in the
/// operator's browser, whatever that name is answered; a server that knows its names does not answer it.
/// </summary>
/// <remarks>
/// <c>AllowedHosts</c> says them, ASP.NET Core's own key with its own meaning. Where it says nothing, a loopback address, which no
/// other machine reaches, is asked by the names of loopback only. The ready-made middleware knows no such default, and guards a host's
/// other endpoints too, which are not ours.
/// </remarks>
internal sealed class HostNames(IConfiguration configuration)
{
    public const string Key = "AllowedHosts";

    private static readonly string[] Any = ["*", "[::]", "0.0.0.0"];

    private volatile AllowedNames _names = new(null, null);

    /// <summary>What is mapped to the group that is returned answers to those names alone.</summary>
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
            return true; // HTTP/1.0, and so no browser
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

    /// <summary><see langword="null"/> where nothing is said; empty where all are allowed.</summary>
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
