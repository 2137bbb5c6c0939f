using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Limits the total number of connections of the HTTP endpoints, which leaves file descriptors to the clients and to HTTP
/// itself: without descriptors, Kestrel's accept loop retries without a pause and burns a core.
/// </summary>
/// <remarks>
/// Silent connections never lock out active ones: a connection that was silent for <see cref="SilenceTime"/> is closed, and
/// if all places are taken, the longest silent connection is closed at once to admit the new one. A connection is silent
/// while it has no request in progress. Bytes do not count until the request headers are complete; otherwise one byte now
/// and then would keep a connection open.
/// </remarks>
internal sealed partial class HttpConnectionLimit : IDisposable
{
    /// <summary>
    /// Enough for the browsers, probes and scrapers of one server, and enough that no connection is displaced between its
    /// connect and its request even with a thousand others; a larger flood would take descriptors from the clients.
    /// </summary>
    public const int Most = 4096;

    /// <summary>Time without a request after which a connection is asked to close, which HTTP does gracefully.</summary>
    public static readonly TimeSpan SilenceTime = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Grace period after the close request; then the connection is aborted, as in the middle of a handshake or of request
    /// headers.
    /// </summary>
    private static readonly TimeSpan ClosingTime = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(0.5);

    private readonly int _maximum;
    private readonly DescriptorReserve _descriptors;
    private readonly TimeProvider _time;
    private readonly LogThrottle<string> _log;
    private readonly Lock _sync = new();
    private readonly LinkedList<HttpConnection> _silent = []; // longest silent first
    private readonly ITimer _timer;
    private int _open;

    public HttpConnectionLimit(int maximum, DescriptorReserve descriptors, TimeProvider time, ILogger<HttpConnectionLimit> logger)
    {
        _maximum = maximum;
        _descriptors = descriptors;
        _time = time;
        _log = new(
            time,
            _ => LogFull(logger, maximum, descriptors.Limit),
            (_, sum) => LogStillFull(logger, sum.Count, sum.Seconds, maximum, descriptors.Limit),
            fold: full => full);
        _timer = time.CreateTimer(static me => ((HttpConnectionLimit)me!).CloseSilent(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The number of connections that have a place.</summary>
    public int OpenCount
    {
        get
        {
            lock (_sync)
                return _open;
        }
    }

    /// <summary>The number of connections without a request in progress.</summary>
    public int SilentCount
    {
        get
        {
            lock (_sync)
                return _silent.Count;
        }
    }

    public static int MaximumFor(DescriptorReserve descriptors) => (int)Math.Clamp(descriptors.First / 2, 1, Most);

    /// <summary>
    /// Adds the limit as connection middleware. Must come first, above all before TLS: a silent client does not begin a
    /// handshake either.
    /// </summary>
    public void Use(IConnectionBuilder http) => http.Use(next => async context =>
    {
        var connection = new HttpConnection(context);
        if (!TryEnter(connection))
            return;

        context.Features.Set(connection);
        try
        {
            await next(context);
        }
        finally
        {
            Leave(connection);
        }
    });

    /// <summary>Marks a request of the connection as in progress until <see cref="EndRequest"/>.</summary>
    public void BeginRequest(HttpConnection connection)
    {
        lock (_sync)
        {
            if (connection.Requests++ == 0)
                Forget(connection);
        }
    }

    public void EndRequest(HttpConnection connection)
    {
        lock (_sync)
        {
            if (--connection.Requests == 0 && connection.HasPlace)
                Remember(connection);
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _log.Dispose();
    }

    private bool TryEnter(HttpConnection connection)
    {
        HttpConnection? displaced = null;
        bool enters;
        var isLastDescriptor = connection.Context.Features.Get<IConnectionSocketFeature>() is { } feature
            && _descriptors.IsTouchedByHttp(feature.Socket.SafeHandle);
        lock (_sync)
        {
            enters = !isLastDescriptor && _open < _maximum;
            if (!enters && _silent.First is { } longest)
            {
                displaced = longest.Value;
                GiveUpPlace(displaced);
                enters = true;
            }

            if (enters)
            {
                connection.HasPlace = true;
                if (_open++ == 0)
                    _timer.Change(LookEvery, LookEvery);
                Remember(connection);
            }
        }

        displaced?.Context.Abort(new ConnectionAbortedException("Another HTTP connection needs its place."));
        if (displaced is not null || !enters)
            _log.Add("full");
        return enters;
    }

    private void Leave(HttpConnection connection)
    {
        lock (_sync)
        {
            Forget(connection);
            if (connection.HasPlace)
                GiveUpPlace(connection);
            if (_open == 0)
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    private void CloseSilent()
    {
        List<HttpConnection> close = [], abort = [];
        lock (_sync)
        {
            while (_silent.First?.Value is { } connection && Silence(connection) >= SilenceTime + ClosingTime)
            {
                Forget(connection);
                abort.Add(connection);
            }

            for (var place = _silent.First; place is not null && Silence(place.Value) >= SilenceTime; place = place.Next)
            {
                if (place.Value.IsAskedToClose)
                    continue;
                place.Value.IsAskedToClose = true;
                close.Add(place.Value);
            }
        }

        foreach (var connection in close)
            connection.Context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        foreach (var connection in abort)
            connection.Context.Abort(new ConnectionAbortedException("No HTTP request has come for too long."));
    }

    private TimeSpan Silence(HttpConnection connection) => _time.GetElapsedTime(connection.SilentSince);

    private void Remember(HttpConnection connection)
    {
        connection.SilentSince = _time.GetTimestamp();
        connection.IsAskedToClose = false;
        _silent.AddLast(connection.Place);
    }

    private void Forget(HttpConnection connection)
    {
        if (connection.Place.List is not null)
            _silent.Remove(connection.Place);
    }

    private void GiveUpPlace(HttpConnection connection)
    {
        Forget(connection);
        connection.HasPlace = false;
        _open--;
    }

    [LoggerMessage(710, LogLevel.Warning,
        "HTTP: {Maximum} connections are open, or the limit of {Limit} file descriptors is nearly reached: for a new one the longest silent is closed, and without such the new one is")]
    private static partial void LogFull(ILogger logger, int maximum, long limit);

    [LoggerMessage(711, LogLevel.Warning,
        "HTTP: {Count} more connections were closed for want of places within {Seconds} s: {Maximum} are open, or the limit of {Limit} file descriptors is nearly reached")]
    private static partial void LogStillFull(ILogger logger, long count, int seconds, int maximum, long limit);
}

/// <summary>The state of an HTTP connection in <see cref="HttpConnectionLimit"/>, guarded by its lock.</summary>
internal sealed class HttpConnection
{
    public HttpConnection(ConnectionContext context)
    {
        Context = context;
        Place = new(this);
    }

    public ConnectionContext Context { get; }

    /// <summary>The node in the list of silent connections.</summary>
    public LinkedListNode<HttpConnection> Place { get; }

    /// <summary>Whether the connection is counted; a displaced one is not, though it may still be closing.</summary>
    public bool HasPlace { get; set; }

    /// <summary>The number of requests in progress; with HTTP/2 there may be several.</summary>
    public int Requests { get; set; }

    public long SilentSince { get; set; }

    public bool IsAskedToClose { get; set; }
}

internal static class HttpConnectionLimitExtensions
{
    /// <summary>Limits the total number of connections of all HTTP endpoints of the host.</summary>
    public static void UseHttpConnectionLimit(this ListenOptions http) =>
        http.ApplicationServices.GetRequiredService<HttpConnectionLimit>().Use(http);
}

/// <summary>
/// Middleware that tells <see cref="HttpConnectionLimit"/> which connections have a request in progress; runs before the
/// rest of the host.
/// </summary>
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
