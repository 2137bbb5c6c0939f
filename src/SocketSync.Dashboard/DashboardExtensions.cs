using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync;

/// <summary>Adds the operator's page to a host that uses SocketSync.</summary>
public static class DashboardExtensions
{
    /// <summary>
    /// Adds the operator's page: resources with their turns, queues, links and clients, live. <c>MapSocketSync</c> then maps it at
    /// <c>/</c> with everything else. Where the host maps a page of its own at <c>/</c>, that one is served.
    /// </summary>
    /// <param name="builder">What <c>AddSocketSync</c> returned.</param>
    /// <returns>The same builder.</returns>
    public static SocketSyncBuilder AddDashboard(this SocketSyncBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        if (services.Any(service => service.ServiceType == typeof(DashboardHost)))
            return builder;
        services.AddSingleton<DashboardHost>();
        services.AddSingleton(new EndpointContribution(DashboardEndpoints.Map));
        return builder;
    }
}

/// <summary><c>GET /</c>: the operator's page, and everything that it loads.</summary>
internal static class DashboardEndpoints
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var host = endpoints.ServiceProvider.GetRequiredService<DashboardHost>();
        Last(endpoints.MapMethods("/", [HttpMethods.Get, HttpMethods.Head], context => host.ServeAsync(context, "/", "/")));
        Last(endpoints.MapPost(PagePaths.Farewell, context =>
        {
            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body)
                body.MaxRequestBodySize = SmallRequests.MaxBodyBytes;
            return host.ServeAsync(context, PagePaths.Farewell, PagePaths.Disconnect);
        }));
        endpoints.Map($"/{PagePaths.Folder}/{{**path}}", context =>
        {
            var path = $"/{PagePaths.Folder}/{context.GetRouteValue("path")}";
            return host.ServeAsync(context, path, path);
        });
    }

    /// <summary>Where the host has a page, or Blazor, of its own at the same path, the host's goes first.</summary>
    private static void Last(IEndpointConventionBuilder endpoint) => endpoint.Add(builder => ((RouteEndpointBuilder)builder).Order = 1);
}

/// <summary>Where the parts of the page are: all in one folder, beside whatever else the host serves.</summary>
internal static class PagePaths
{
    public const string Folder = "_page";

    public const string Hub = $"/{Folder}/hub";

    /// <summary>Where a page reports that it was closed.</summary>
    public const string Disconnect = $"{Hub}/disconnect";

    /// <summary>Where Blazor's script reports it. The script cannot be given another path.</summary>
    public const string Farewell = "/_blazor/disconnect";

    public static string Asset(string file) => $"{Folder}/{file}";
}

/// <summary>What a browser is told about the page.</summary>
internal static class PageHeaders
{
    // Styles may be inline, because MudBlazor writes its theme into a style element and sizes into style attributes. Scripts may not.
    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
        "base-uri 'self'; form-action 'none'; frame-ancestors 'none'";

    public static void Set(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        // The browser asks again each time and gets 304, so that after an update nobody has the old script with the new server.
        headers.CacheControl = "no-cache";
    }
}
