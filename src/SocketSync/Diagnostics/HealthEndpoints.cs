using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SocketSync;

/// <summary>Liveness, which asks nothing, and readiness, which asks every resource, or one.</summary>
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

    /// <summary>The ready-made endpoint cannot ask for one whose name stands in the path.</summary>
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
    /// A probe may ask by any name, the address of a container for instance, and is told how it stands. Names of resources, and why
    /// they cannot be served, are for those who may ask the rest too.
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
