using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace SocketSync;

/// <summary>Sets tight limits for HTTP requests, since the server only expects small ones.</summary>
internal static class HttpHardening
{
    public static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = SmallRequests.MaxBodyBytes;
        limits.MaxRequestLineSize = 4 * 1024;
        limits.MaxRequestHeadersTotalSize = 16 * 1024;
        limits.MaxRequestHeaderCount = 64;
        // A slow or silent client holds one of a limited number of connections. These timeouts end it with an HTTP response
        // where possible; the connection limit ends it without one, also between a TLS handshake and the request headers.
        limits.RequestHeadersTimeout = HttpConnectionLimit.SilenceTime;
        limits.KeepAliveTimeout = HttpConnectionLimit.SilenceTime;
        kestrel.ConfigureHttpsDefaults(static https => https.HandshakeTimeout = HttpConnectionLimit.SilenceTime);
    }

    /// <summary>
    /// Sets a large backlog: while many clients connect at once, the others are queued instead of having to retry a second
    /// later.
    /// </summary>
    public static void Accept(SocketTransportOptions sockets) => sockets.Backlog = 4096;

    /// <summary>Sets the headers of every response, also of 404. A page replaces them with its own.</summary>
    public static void UseSafeHeaders(this WebApplication app) => app.Use(static (context, next) =>
    {
        SafeHeaders.Set(context.Response);
        return next(context);
    });
}

/// <summary><c>GET /metrics</c>: the figures of the meter <c>SocketSync</c>, as Prometheus reads them.</summary>
/// <remarks>Only the server has it: the exporter has no release, and the library is not to bring a prerelease to its users.</remarks>
internal static class MetricsEndpoint
{
    /// <summary>For the series without a tag, and whatever OpenTelemetry counts among them.</summary>
    private const int Spare = 100;

    public static SocketSyncBuilder AddMetricsEndpoint(this SocketSyncBuilder builder)
    {
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(NameService)
            .WithMetrics(metrics => metrics.AddMeter(SocketSyncMeter.Name).AddPrometheusExporter());
        builder.Services.ConfigureOpenTelemetryMeterProvider((provider, metrics) =>
            metrics.AddView(WithRoomFor(provider.GetRequiredService<SocketSyncOptions>())));
        builder.Services.AddSingleton(new EndpointContribution(static endpoints =>
            endpoints.MapPrometheusScrapingEndpoint("/metrics").WithMetadata(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]))));
        return builder;
    }

    /// <summary>Who runs several servers names each by OpenTelemetry's own variable.</summary>
    private static void NameService(ResourceBuilder resource)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_SERVICE_NAME")))
            resource.AddService("socketsync", serviceVersion: LocalNode.Version, autoGenerateServiceInstanceId: false);
    }

    /// <summary>
    /// Makes room for each series of each instrument: beyond its limit OpenTelemetry adds up further series in one, and what it has room
    /// for it allocates at once.
    /// </summary>
    private static Func<Instrument, MetricStreamConfiguration?> WithRoomFor(SocketSyncOptions options)
    {
        var things = options.Listeners.Count + options.Resources.Count;
        var ways = options.Listeners.Values.Sum(static listener => listener.ResourceNames().Count());
        // Requests of no resource are counted by listener, and those of the host's own code by resource.
        var requests = RoomFor((OutcomeNames.Counted.Count * (ways + options.Resources.Count)) + options.Listeners.Count);
        var states = RoomFor(ResourceFigures.States.Count * options.Resources.Count);
        var others = RoomFor(things);
        return instrument => instrument.Meter.Name != SocketSyncMeter.Name ? null : instrument.Name switch
        {
            SocketSyncMeter.RequestsName => requests,
            SocketSyncMeter.StatesName => states,
            _ => others,
        };
    }

    private static MetricStreamConfiguration RoomFor(int series) => new() { CardinalityLimit = series + Spare };
}
