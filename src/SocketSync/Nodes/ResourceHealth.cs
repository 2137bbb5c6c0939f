using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SocketSync;

/// <summary>Judges whether a resource's clients can be served here.</summary>
internal static class ResourceHealth
{
    public static HealthCheckResult Of(SharedResource resource)
    {
        var gate = resource.Gate.GetStatus();
        if (gate.IsStuck)
            return Unserved($"A turn is stuck: its processor has not returned after {gate.Held.TotalSeconds:F0} s.");
        if (resource.Link?.GetStatus() is { State: LinkState.Down or LinkState.Opening or LinkState.Stopped } link)
            return Unserved($"The link is down: {link.LastError ?? $"{link.Description}: not open yet"}");
        if (gate.IsPaused)
            return HealthCheckResult.Degraded($"Paused by an operator; {gate.QueueLength} requests wait.");
        // The queue is over 80 % full.
        if (gate.QueueLength * 5L > gate.MaxQueue * 4L)
            return HealthCheckResult.Degraded($"{gate.QueueLength} requests wait; {gate.MaxQueue} may.");
        if (resource.RestingUnits is { Count: > 0 } resting)
            return HealthCheckResult.Degraded($"{(resting.Count == 1 ? "A unit does" : "Units do")} not answer and {(resting.Count == 1 ? "rests" : "rest")}: {string.Join(", ", resting)}.");
        return HealthCheckResult.Healthy();

        HealthCheckResult Unserved(string why) =>
            resource.IsRequired ? HealthCheckResult.Unhealthy(why) : HealthCheckResult.Degraded(why);
    }
}
