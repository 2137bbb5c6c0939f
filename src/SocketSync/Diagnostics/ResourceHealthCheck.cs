using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SocketSync;

/// <summary>Whether a resource's clients can be served.</summary>
internal sealed class ResourceHealthCheck(Topology topology, string name) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Look());

    private HealthCheckResult Look()
    {
        if (topology.Phase != HostPhase.Running)
            return HealthCheckResult.Unhealthy(topology.Phase == HostPhase.Starting ? "The server is starting." : "The server is stopping.");

        var resource = topology.Resources[name];
        var gate = resource.Gate.GetStatus();
        if (gate.IsStuck)
            return Unserved($"A turn is stuck: its processor has not returned after {gate.Held.TotalSeconds:F0} s.");
        if (resource.Link?.GetStatus() is { State: LinkState.Down or LinkState.Opening or LinkState.Stopped } link)
            return Unserved($"The link is down: {link.LastError ?? $"{link.Description}: not open yet"}");
        if (gate.IsPaused)
            return HealthCheckResult.Degraded($"Paused by an operator; {gate.QueueLength} requests wait.");
        // Over 80 % full.
        if (gate.QueueLength * 5L > gate.MaxQueue * 4L)
            return HealthCheckResult.Degraded($"{gate.QueueLength} requests wait; {gate.MaxQueue} may.");
        if (topology.Resources[name].RestingUnits is { Count: > 0 } resting)
            return HealthCheckResult.Degraded($"{(resting.Count == 1 ? "A unit does" : "Units do")} not answer and {(resting.Count == 1 ? "rests" : "rest")}: {string.Join(", ", resting)}.");
        return HealthCheckResult.Healthy();

        HealthCheckResult Unserved(string why) =>
            resource.IsRequired ? HealthCheckResult.Unhealthy(why) : HealthCheckResult.Degraded(why);
    }
}
