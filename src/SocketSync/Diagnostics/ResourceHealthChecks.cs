using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace SocketSync;

/// <summary>Adds one readiness check for each resource.</summary>
internal sealed class ResourceHealthChecks(SocketSyncOptions options) : IConfigureOptions<HealthCheckServiceOptions>
{
    public const string Tag = "socketsync";

    public void Configure(HealthCheckServiceOptions checks)
    {
        foreach (var name in options.Resources.Keys)
        {
            checks.Registrations.Add(new HealthCheckRegistration(
                name, services => new Check(services.GetRequiredService<Topology>(), name), HealthStatus.Unhealthy, [Tag]));
        }
    }

    private sealed class Check(Topology topology, string name) : IHealthCheck
    {
        public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
            Task.FromResult(Look());

        private HealthCheckResult Look()
        {
            if (topology.Phase != HostPhase.Running)
                return HealthCheckResult.Unhealthy(topology.Phase == HostPhase.Starting ? "The server is starting." : "The server is stopping.");

            var gate = topology.Resources[name].Gate.GetStatus();
            if (gate.IsStuck)
                return HealthCheckResult.Unhealthy($"A turn is stuck: its processor has not returned after {gate.Held.TotalSeconds:F0} s.");
            // Over 80 % full.
            if (gate.QueueLength * 5L > gate.MaxQueue * 4L)
                return HealthCheckResult.Degraded($"{gate.QueueLength} requests wait; {gate.MaxQueue} may.");
            return HealthCheckResult.Healthy();
        }
    }
}
