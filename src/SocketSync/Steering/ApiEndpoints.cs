using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync;

/// <summary>Who is connected, what happens, and what an operator may do about it.</summary>
internal static class ApiEndpoints
{
    /// <summary>At the pace at which they are sent, 20,000 turns a second reach a reader that keeps up.</summary>
    private const int KeptTurns = 1024;

    /// <summary>At most 512 KiB for each reader.</summary>
    private const int KeptTraces = 128;

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        var api = endpoints.MapGroup("/api");
        api.AddEndpointFilter(static async (call, next) =>
        {
            SafeHeaders.Set(call.HttpContext.Response);
            return await SmallRequests.RefuseAsync(call.HttpContext) ?? await next(call);
        });
        StatusEndpoint.Map(api);
        api.MapGet("/connections", static (Topology topology) =>
            TypedResults.Json(topology.ListConnections(), ApiJson.Default.IReadOnlyListConnectionEntry));
        api.MapGet("/events", static (HttpContext context, EventStreams streams, TurnFeed turns) =>
            streams.ServeAsync(context, turns, KeptTurns, ApiJson.Default.TurnEvent));

        var steering = api.MapGroup("");
        steering.AddEndpointFilter(static async (call, next) =>
            call.HttpContext.RequestServices.GetRequiredService<OperatorCheck>().Refuse(call.HttpContext) ?? await next(call));
        steering.MapPost("/resources/{name}/pause", static (string name, Steering steering) => Done(steering.Pause(name), "resource"));
        steering.MapPost("/resources/{name}/resume", static (string name, Steering steering) => Done(steering.Resume(name), "resource"));
        steering.MapDelete("/connections/{id}", static (string id, Steering steering) => Done(steering.Close(id), "connection"));
        steering.MapGet("/resources/{name}/trace", TraceAsync);
    }

    private static Task TraceAsync(string name, HttpContext context, Topology topology, EventStreams streams) =>
        topology.Resources.TryGetValue(name, out var resource)
            ? streams.ServeAsync(context, resource.Watch.Trace, KeptTraces, ApiJson.Default.TraceEntry)
            : Missing("resource").ExecuteAsync(context);

    private static Results<NoContent, ProblemHttpResult> Done(bool found, string what) =>
        found ? TypedResults.NoContent() : Missing(what);

    private static ProblemHttpResult Missing(string what) =>
        TypedResults.Problem($"There is no such {what}.", statusCode: StatusCodes.Status404NotFound);
}
