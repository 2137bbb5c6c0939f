using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// How many connections the HTTP endpoints may have together, so that they leave file descriptors to the clients and to
/// themselves: out of them, Kestrel's own accept loop tries again without a pause and burns a core.
/// </summary>
internal sealed partial class HttpConnectionLimit(int maximum, DescriptorReserve descriptors, TimeProvider time, ILogger<HttpConnectionLimit> logger)
{
    /// <summary>Ample for the browsers, probes and scrapers of one server; a flood of more would come out of the clients' descriptors.</summary>
    public const int Most = 256;

    private readonly ConnectionCounter _open = new(maximum);
    private readonly SeldomWarning _warning = new(time);

    public static int MaximumFor(DescriptorReserve descriptors) => (int)Math.Clamp(descriptors.First / 2, 1, Most);

    /// <summary>Closes at once each connection that is too many; to be added before anything else.</summary>
    public void Use(IConnectionBuilder http)
    {
        http.Use(next => connection =>
        {
            if (IsDescriptorLeft(connection))
                return next(connection);

            Warn();
            return Task.CompletedTask;
        });
        http.UseConnectionLimit(_open, _ => Warn());
    }

    private bool IsDescriptorLeft(ConnectionContext connection) =>
        connection.Features.Get<IConnectionSocketFeature>() is not { } feature || !descriptors.IsTouchedByHttp(feature.Socket.SafeHandle);

    private void Warn()
    {
        if (_warning.IsDue())
            LogRejected(logger, _open.Maximum, descriptors.Limit);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "HTTP: new connections are closed at once, for {Maximum} are open or the limit of {Limit} file descriptors is nearly reached; further such warnings follow at most every 10 s")]
    private static partial void LogRejected(ILogger logger, int maximum, long limit);
}

internal static class HttpConnectionLimitExtensions
{
    /// <summary>Bounds the connections of all HTTP endpoints of the host together.</summary>
    public static void UseHttpConnectionLimit(this ListenOptions http) =>
        http.ApplicationServices.GetRequiredService<HttpConnectionLimit>().Use(http);
}
