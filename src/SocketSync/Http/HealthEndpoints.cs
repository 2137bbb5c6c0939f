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
internal sealed class ResourceHealthCheck(Topology topology, string name, ClusterStatus? cluster) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(Look());

    private HealthCheckResult Look()
    {
        if (topology.Phase != HostPhase.Running)
            return HealthCheckResult.Unhealthy(topology.Phase == HostPhase.Starting ? "The server is starting." : "The server is stopping.");
        var resource = topology.Resources[name];
        return cluster is null || resource.IsServedHere ? ResourceHealth.Of(resource) : cluster.HealthElsewhere(name);
    }
}

/// <summary>Checks this node's part in the cluster.</summary>
internal sealed class ClusterHealthCheck(ClusterStatus cluster) : IHealthCheck
{
    /// <summary>Where a resource is called so, that comes first.</summary>
    public const string Name = "Cluster";

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(cluster.Health());
}

/// <summary>Adds one readiness check for each resource, and one for the cluster where there is one.</summary>
internal sealed class ResourceHealthChecks(Topology topology, ClusterNodes? nodes = null) : IConfigureOptions<HealthCheckServiceOptions>
{
    public const string Tag = "socketsync";

    public void Configure(HealthCheckServiceOptions checks)
    {
        var cluster = nodes is null ? null : new ClusterStatus(nodes, topology);
        foreach (var name in topology.Resources.Keys)
            Add(name, new ResourceHealthCheck(topology, name, cluster));
        if (cluster is not null && !topology.Resources.ContainsKey(ClusterHealthCheck.Name))
            Add(ClusterHealthCheck.Name, new ClusterHealthCheck(cluster));

        void Add(string name, IHealthCheck check) => checks.Registrations.Add(new HealthCheckRegistration(name, check, HealthStatus.Unhealthy, [Tag]));
    }
}
