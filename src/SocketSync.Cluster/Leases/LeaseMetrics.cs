using System.Diagnostics.Metrics;

namespace SocketSync;

/// <summary>What is counted of the leases of this node, each with the tag <c>resource</c>.</summary>
internal sealed class LeaseMetrics(Meter meter)
{
    // A store answers within milliseconds; one that takes half a lease is about to lose it.
    private static readonly InstrumentAdvice<double> Seconds = new() { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] };

    private readonly Histogram<double> _renewal = meter.CreateHistogram(
        "socketsync.cluster.lease.renewal.duration", "s", "How long the store took to renew a lease.", tags: null, Seconds);

    private readonly Counter<long> _takeovers = meter.CreateCounter<long>(
        "socketsync.cluster.takeovers", "{takeover}", "Resources that this node took over from one that had not given them up.");

    private readonly Counter<long> _fenced = meter.CreateCounter<long>(
        "socketsync.cluster.fenced", "{term}", "Terms of this node that ended because another node owned the resource.");

    public void Renewed(string resource, TimeSpan duration) => _renewal.Record(duration.TotalSeconds, Tag(resource));

    public void TookOver(string resource) => _takeovers.Add(1, Tag(resource));

    public void WasFenced(string resource) => _fenced.Add(1, Tag(resource));

    private static KeyValuePair<string, object?> Tag(string resource) => new("resource", resource);
}
