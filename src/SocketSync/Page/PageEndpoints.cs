using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync;

/// <summary><c>GET /</c>: the operator's page.</summary>
internal static class PageEndpoints
{
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var host = endpoints.ServiceProvider.GetRequiredService<PageHost>();
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

    /// <summary>Where the host has something of its own there, a page or Blazor, that goes first.</summary>
    private static void Last(IEndpointConventionBuilder endpoint) => endpoint.Add(builder => ((RouteEndpointBuilder)builder).Order = 1);
}
