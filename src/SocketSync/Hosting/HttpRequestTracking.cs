using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace SocketSync;

/// <summary>Tells <see cref="HttpConnectionLimit"/> which connections have a request under way; before anything else of the host.</summary>
internal sealed class HttpRequestTracking(HttpConnectionLimit limit) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(next => context => context.Features.Get<HttpConnection>() is { } connection ? TrackAsync(next, context, connection) : next(context));
        next(app);
    };

    private async Task TrackAsync(RequestDelegate next, HttpContext context, HttpConnection connection)
    {
        limit.BeginRequest(connection);
        try
        {
            await next(context);
        }
        finally
        {
            limit.EndRequest(connection);
        }
    }
}
