using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace SocketSync;

/// <summary>Maps liveness, which runs no checks, and readiness, which checks all resources or one.</summary>
internal static class HealthEndpoints
{
    private static readonly HttpMethodMetadata ReadOnly = new([HttpMethods.Get, HttpMethods.Head]);

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = static _ => false }).WithMetadata(ReadOnly);
        endpoints.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = IsOurs, ResponseWriter = WriteAsync }).WithMetadata(ReadOnly);
        endpoints.Map("/health/ready/{name}", AskOneAsync).WithMetadata(ReadOnly);
    }

    private static bool IsOurs(HealthCheckRegistration check) => check.Tags.Contains(ResourceHealthChecks.Tag);

    /// <summary>Replaces the built-in endpoint, which cannot select a check by a name in the path.</summary>
    private static async Task AskOneAsync(HttpContext context)
    {
        var name = (string?)context.GetRouteValue("name");
        var report = await context.RequestServices.GetRequiredService<HealthCheckService>().CheckHealthAsync(
            check => IsOurs(check) && check.Name.Equals(name, StringComparison.OrdinalIgnoreCase), context.RequestAborted);
        if (report.Entries.Count == 0)
        {
            await TypedResults.Problem("There is no such resource.", statusCode: StatusCodes.Status404NotFound).ExecuteAsync(context);
            return;
        }

        context.Response.StatusCode = report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
        context.Response.Headers.CacheControl = "no-store, no-cache";
        await WriteAsync(context, report);
    }

    /// <remarks>
    /// A probe may use any host name, such as a container's address, and gets the overall status. The names of the
    /// resources, and why they cannot be served, are only sent if <see cref="HostNames"/> allows the host name.
    /// </remarks>
    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        var entries = context.RequestServices.GetRequiredService<HostNames>().MayAsk(context) ? report.Entries : new Dictionary<string, HealthReportEntry>(StringComparer.Ordinal);
        var body = new ReadinessBody(
            report.Status.ToString(),
            entries.ToDictionary(
                entry => entry.Key,
                entry => new ReadinessEntry(entry.Value.Status.ToString(), entry.Value.Description),
                StringComparer.Ordinal));
        return context.Response.WriteAsJsonAsync(body, StatusJson.Default.ReadinessBody, contentType: null, context.RequestAborted);
    }
}

/// <summary>Checks whether a resource's clients can be served.</summary>
internal sealed class ResourceHealthCheck(Topology topology, string name) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Look());

    private HealthCheckResult Look()
    {
        if (topology.Phase != HostPhase.Running)
            return HealthCheckResult.Unhealthy(topology.Phase == HostPhase.Starting ? "The server is starting." : "The server is stopping.");

        var resource = topology.Resources[name];
        if (resource.MovesBetweenNodes && resource.Term is null)
            return HealthCheckResult.Healthy("Not owned by this node.");
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
        if (topology.Resources[name].RestingUnits is { Count: > 0 } resting)
            return HealthCheckResult.Degraded($"{(resting.Count == 1 ? "A unit does" : "Units do")} not answer and {(resting.Count == 1 ? "rests" : "rest")}: {string.Join(", ", resting)}.");
        return HealthCheckResult.Healthy();

        HealthCheckResult Unserved(string why) =>
            resource.IsRequired ? HealthCheckResult.Unhealthy(why) : HealthCheckResult.Degraded(why);
    }
}

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
