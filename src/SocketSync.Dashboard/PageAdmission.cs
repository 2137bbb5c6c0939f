using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Hosting;
using Microsoft.Net.Http.Headers;

namespace SocketSync;

/// <summary>
/// Admits viewers: no more than the server can afford, none that another site's page has sent, and none while the server stops,
/// because an open page would delay the stop.
/// </summary>
internal sealed class PageAdmission(IHostApplicationLifetime lifetime, TimeProvider time, RequestDelegate next)
{
    /// <summary>How many pages may be open at once. Each costs the server some megabytes, and a rendering a few times a second.</summary>
    public const int MaxViewers = 16;

    private int _viewers;

    public Task PassAsync(HttpContext context)
    {
        var path = context.Request.Path;
        if (path == PagePaths.Hub)
            return EnterAsync(context);
        if (path != PagePaths.Disconnect && path.StartsWithSegments(PagePaths.Hub, StringComparison.OrdinalIgnoreCase))
        {
            // SignalR's other endpoints. The page needs no negotiation, and each one would leave state behind on the server.
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

    /// <summary>Serves a page's WebSocket until it closes; or, where the request is none, answers whether one would be admitted.</summary>
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

/// <summary>
/// One of the few places for viewers, held by a connection. Where no page starts on the connection within <see cref="StartTime"/>,
/// the place is freed and the connection is cut. Otherwise anybody could keep all viewers out with silent sockets.
/// </summary>
internal sealed class ViewerPlace : IDisposable
{
    /// <summary>Ample for a slow line: the scripts have been loaded before the connection is made.</summary>
    public static readonly TimeSpan StartTime = TimeSpan.FromSeconds(10);

    private readonly Action _cut;
    private readonly Action _free;
    private readonly ITimer _timer;
    private int _state;

    public ViewerPlace(TimeProvider time, Action cut, Action free)
    {
        _cut = cut;
        _free = free;
        _timer = time.CreateTimer(static me => ((ViewerPlace)me!).Expire(), this, StartTime, Timeout.InfiniteTimeSpan);
    }

    /// <summary>A page has started: it keeps the place until <see cref="Dispose"/>.</summary>
    public void Start()
    {
        if (Change(from: ViewerPlaceState.Waiting, to: ViewerPlaceState.Started))
            _timer.Dispose();
    }

    public void Dispose()
    {
        _timer.Dispose();
        if (Change(ViewerPlaceState.Waiting, ViewerPlaceState.Freed) || Change(ViewerPlaceState.Started, ViewerPlaceState.Freed))
            _free();
    }

    private void Expire()
    {
        if (!Change(ViewerPlaceState.Waiting, ViewerPlaceState.Freed))
            return;
        _free();
        _cut();
    }

    private bool Change(ViewerPlaceState from, ViewerPlaceState to) => Interlocked.CompareExchange(ref _state, (int)to, (int)from) == (int)from;
}

internal enum ViewerPlaceState
{
    Waiting,
    Started,
    Freed,
}

/// <summary>Notices that a page starts: it asks Blazor's hub for a new circuit, or for the one that it had before.</summary>
internal sealed class ViewerStart : IHubFilter
{
    public async ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        var result = await next(invocationContext);
        var isStarted = invocationContext.HubMethodName switch
        {
            "StartCircuit" or "ResumeCircuit" => result is not null, // its secret
            "ConnectCircuit" => result is true,
            _ => false,
        };
        if (isStarted)
            invocationContext.Context.GetHttpContext()?.Features.Get<ViewerPlace>()?.Start();
        return result;
    }
}

/// <summary>
/// Whether a WebSocket is asked for by the page itself. A browser lets any page open a WebSocket to any server, and names the page's
/// origin in the request.
/// </summary>
internal static class PageOrigin
{
    private const string ForwardedHost = "X-Forwarded-Host";

    /// <summary>
    /// <see langword="false"/> for another page's origin, or an opaque one. A request without any origin does not come from a browser,
    /// which always sends it; such a client could as well have sent the right one.
    /// </summary>
    /// <remarks>
    /// Host and port of the origin, which is what stands in the browser's address bar, must be those that the request was sent to.
    /// The scheme is not compared: a proxy may have changed it. A proxy may also have replaced the host and passed the original on in
    /// X-Forwarded-Host; that can be trusted, because no page can make a browser send this header with a WebSocket.
    /// </remarks>
    public static bool IsOwn(HttpRequest request)
    {
        var origins = request.Headers[HeaderNames.Origin];
        if (origins.Count == 0)
            return true;
        if (origins is not [{ } text] || !Uri.TryCreate(text, UriKind.Absolute, out var origin) || origin.Scheme is not ("http" or "https"))
            return false;
        return IsAt(origin, request.Host) || request.Headers[ForwardedHost].Any(hosts => IsAt(origin, new HostString(hosts?.Split(',')[0].Trim() ?? "")));
    }

    private static bool IsAt(Uri origin, HostString host) =>
        host.HasValue
        && origin.Host.Equals(host.Host, StringComparison.OrdinalIgnoreCase)
        && origin.Port == (host.Port ?? DefaultPort(origin));

    private static int DefaultPort(Uri origin) => origin.Scheme == Uri.UriSchemeHttps ? 443 : 80;
}
