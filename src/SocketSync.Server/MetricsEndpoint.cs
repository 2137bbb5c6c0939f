using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Routing;
using OpenTelemetry.Metrics;

namespace SocketSync;

/// <summary><c>GET /metrics</c>: the figures of the meter <c>SocketSync</c>, as Prometheus reads them.</summary>
/// <remarks>Only the server has it: the exporter has no release, and the library is not to bring a prerelease to its users.</remarks>
internal static class MetricsEndpoint
{
    /// <summary>OpenTelemetry's own limit for the series of one instrument.</summary>
    private const int UsualLimit = 2000;

    public static SocketSyncBuilder AddMetricsEndpoint(this SocketSyncBuilder builder)
    {
        builder.Services.AddOpenTelemetry().WithMetrics(metrics => metrics.AddMeter(SocketSyncMeter.Name).AddPrometheusExporter());
        builder.Services.ConfigureOpenTelemetryMeterProvider((provider, metrics) =>
            metrics.AddView(WithRoomFor(provider.GetRequiredService<SocketSyncOptions>())));
        builder.Services.AddSingleton(new EndpointContribution(static endpoints =>
            endpoints.MapPrometheusScrapingEndpoint("/metrics").WithMetadata(new HttpMethodMetadata([HttpMethods.Get, HttpMethods.Head]))));
        return builder;
    }

    /// <summary>
    /// Raises the limit, beyond which OpenTelemetry adds up further series in one, so that each is there: no instrument has more than
    /// one for each outcome of each listener and resource.
    /// </summary>
    private static Func<Instrument, MetricStreamConfiguration?> WithRoomFor(SocketSyncOptions options)
    {
        var series = Enum.GetValues<Outcome>().Length * (options.Listeners.Count + options.Resources.Count);
        var room = new MetricStreamConfiguration { CardinalityLimit = Math.Max(UsualLimit, series) };
        return instrument => instrument.Meter.Name == SocketSyncMeter.Name ? room : null;
    }
}
