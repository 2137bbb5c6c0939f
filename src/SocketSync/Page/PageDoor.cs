using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Net.Http.Headers;

namespace SocketSync;

/// <summary>
/// Lets viewers in, as many as the server can afford, none that another page has sent, and none while it stops: an open page would
/// hold that up.
/// </summary>
internal sealed class PageDoor(IHostApplicationLifetime lifetime, TimeProvider time, RequestDelegate next)
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

    private static Task AnswerAsync(HttpContext context, int status, string? why = null)
    {
        PageHeaders.Set(context);
        context.Response.StatusCode = status;
        if (why is null)
            return Task.CompletedTask;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(why);
    }

    /// <summary>A page's connection, for as long as it lasts; or the question, without one, whether it may come.</summary>
    private async Task EnterAsync(HttpContext context)
    {
        if (HttpMethods.IsGet(context.Request.Method) && !context.Request.Headers.ContainsKey(HeaderNames.Upgrade))
        {
            await (Refusal(Volatile.Read(ref _viewers) + 1) is { } later
                ? AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, later)
                : AnswerAsync(context, StatusCodes.Status204NoContent));
            return;
        }

        if (!PageOrigin.IsOwn(context.Request))
        {
            await AnswerAsync(context, StatusCodes.Status403Forbidden, "Only this server's own page may do this. Behind a proxy it must pass on the Host that the browser sent, or say it in X-Forwarded-Host.");
            return;
        }

        if (Refusal(Interlocked.Increment(ref _viewers)) is { } why)
        {
            Interlocked.Decrement(ref _viewers);
            await AnswerAsync(context, StatusCodes.Status503ServiceUnavailable, why);
            return;
        }

        using var place = new ViewerPlace(time, context.Abort, () => Interlocked.Decrement(ref _viewers));
        context.Features.Set(place);
        await next(context);
    }

    private string? Refusal(int viewers) =>
        lifetime.ApplicationStopping.IsCancellationRequested ? "The server is stopping. This page comes back when it runs again."
        : viewers > MaxViewers ? $"This page is open {MaxViewers} times already, which is as often as it may be. When one is closed, this one opens by itself."
        : null;
}
