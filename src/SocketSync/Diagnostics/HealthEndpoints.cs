using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SocketSync;

/// <summary>Liveness, which asks nothing, and readiness, which asks every resource.</summary>
internal static class HealthEndpoints
{
    private static readonly HttpMethodMetadata ReadOnly = new([HttpMethods.Get, HttpMethods.Head]);

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = static _ => false }).WithMetadata(ReadOnly);
        endpoints.MapHealthChecks("/health/ready", new HealthCheckOptions
        {
            Predicate = static check => check.Tags.Contains(ResourceHealthChecks.Tag),
            ResponseWriter = WriteAsync,
        }).WithMetadata(ReadOnly);
    }

    private static Task WriteAsync(HttpContext context, HealthReport report)
    {
        var body = new ReadinessBody(
            report.Status.ToString(),
            report.Entries.ToDictionary(
                entry => entry.Key,
                entry => new ReadinessEntry(entry.Value.Status.ToString(), entry.Value.Description),
                StringComparer.Ordinal));
        return context.Response.WriteAsJsonAsync(body, StatusJson.Default.ReadinessBody, contentType: null, context.RequestAborted);
    }
}
