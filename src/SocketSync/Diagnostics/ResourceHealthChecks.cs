using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace SocketSync;

/// <summary>Adds one readiness check for each resource.</summary>
internal sealed class ResourceHealthChecks(Topology topology) : IConfigureOptions<HealthCheckServiceOptions>
{
    public const string Tag = "socketsync";

    public void Configure(HealthCheckServiceOptions checks)
    {
        foreach (var name in topology.Resources.Keys)
        {
            checks.Registrations.Add(new HealthCheckRegistration(
                name, new ResourceHealthCheck(topology, name), HealthStatus.Unhealthy, [Tag]));
        }
    }
}
