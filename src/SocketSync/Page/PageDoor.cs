using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Net.Http.Headers;

namespace SocketSync;

/// <summary>Lets viewers in, as many as the server can afford, and none while it stops: an open page would hold that up.</summary>
internal sealed class PageDoor(IHostApplicationLifetime lifetime, RequestDelegate next)
{
    /// <summary>So many pages may be open at once; each costs the server some megabytes, and a picture a few times a second.</summary>
    public const int MaxViewers = 16;

    private int _viewers;

    public Task PassAsync(HttpContext context)
    {
        var path = context.Request.Path;
        if (path == PagePaths.Hub)
            return EnterAsync(context);
        if (path != PagePaths.Disconnect && path.StartsWithSegments(PagePaths.Hub, StringComparison.OrdinalIgnoreCase))
        {
            // What else SignalR has there: a negotiation, which the page does without, would leave something behind for each caller.
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        }

        return next(context);
    }

    private static Task AnswerAsync(HttpContext context, string? refusal)
    {
        PageHeaders.Set(context);
        context.Response.StatusCode = refusal is null ? StatusCodes.Status204NoContent : StatusCodes.Status503ServiceUnavailable;
        if (refusal is null)
            return Task.CompletedTask;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(refusal);
    }

    /// <summary>A page's connection, for as long as it lasts; or the question, without one, whether it may come.</summary>
    private async Task EnterAsync(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method) && !context.Request.Headers.ContainsKey(HeaderNames.Upgrade))
        {
            await AnswerAsync(context, Refusal(Volatile.Read(ref _viewers) + 1));
            return;
        }

        try
        {
            if (Refusal(Interlocked.Increment(ref _viewers)) is { } why)
                await AnswerAsync(context, why);
            else
                await next(context);
        }
        finally
        {
            Interlocked.Decrement(ref _viewers);
        }
    }

    private string? Refusal(int viewers) =>
        lifetime.ApplicationStopping.IsCancellationRequested ? "The server is stopping. This page comes back when it runs again."
        : viewers > MaxViewers ? $"This page is open {MaxViewers} times already, which is as often as it may be. When one is closed, this one opens by itself."
        : null;
}
