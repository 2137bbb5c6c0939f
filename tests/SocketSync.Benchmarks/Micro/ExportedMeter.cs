using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace SocketSync.Benchmarks;

/// <summary>A meter whose figures are kept for export, as those of a server are.</summary>
internal sealed class ExportedMeter : IDisposable
{
    private readonly MeterProvider _provider;

    public ExportedMeter()
    {
        Meter = new Meter("SocketSync.Benchmarks");
        _provider = Sdk.CreateMeterProviderBuilder()
            .AddMeter(Meter.Name)
            .AddReader(new BaseExportingMetricReader(new Nowhere()))
            .Build();
    }

    public Meter Meter { get; }

    public void Dispose()
    {
        _provider.Dispose();
        Meter.Dispose();
    }

    private sealed class Nowhere : BaseExporter<Metric>
    {
        public override ExportResult Export(in Batch<Metric> batch) => ExportResult.Success;
    }
}
