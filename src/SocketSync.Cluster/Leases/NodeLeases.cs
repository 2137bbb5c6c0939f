using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>What the leases of this node have in common.</summary>
/// <param name="store">Where the records are.</param>
/// <param name="node">This node's name.</param>
/// <param name="times">The same at all nodes.</param>
/// <param name="clock">By what time is told; its timers start the renewals.</param>
/// <param name="metrics">What is counted.</param>
/// <param name="logger">Tells of the terms, and of the store.</param>
internal sealed class NodeLeases(ClusterStore store, string node, LeaseTimes times, LeaseClock clock, LeaseMetrics metrics, ILogger<NodeLeases> logger) : IDisposable
{
    public ClusterStore Store => store;

    public string Node => node;

    /// <summary>This run of the node's process.</summary>
    public string Instance { get; } = Guid.NewGuid().ToString("N");

    public LeaseTimes Times => times;

    public LeaseClock Clock => clock;

    public LeaseMetrics Metrics => metrics;

    public LeaseLog Log { get; } = new(logger, clock.Time);

    /// <summary>The way to the lease of one resource. Call it once for each: it remembers what it knows.</summary>
    public ResourceLease Of(string resource) => new(this, resource);

    public void Dispose() => Log.Dispose();
}
