using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace SocketSync;

/// <summary>Readiness: this node has joined the others. What is wrong elsewhere makes it degraded only.</summary>
internal sealed class ClusterHealthCheck(ClusterNode node) : IHealthCheck, IConfigureOptions<HealthCheckServiceOptions>
{
    public void Configure(HealthCheckServiceOptions options) =>
        options.Registrations.Add(new HealthCheckRegistration("Cluster", this, HealthStatus.Unhealthy, [ResourceHealthChecks.Tag]));

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) => Task.FromResult(Look());

    private HealthCheckResult Look()
    {
        if (!node.HasJoined)
            return HealthCheckResult.Unhealthy("This node has not joined the cluster.");
        return node.WithoutOwner() is { Count: > 0 } resources
            ? HealthCheckResult.Degraded($"No node owns {string.Join(", ", resources.Take(10))}{(resources.Count > 10 ? ", …" : "")}.")
            : HealthCheckResult.Healthy();
    }
}
