using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync;

/// <summary>Maps the API: status, connections, event streams and operator actions.</summary>
internal static class ApiEndpoints
{
    /// <summary>
    /// Turn events buffered per reader: with the pauses between batches, a reader that keeps up gets 20,000 turns a second.
    /// </summary>
    private const int KeptTurns = 1024;

    /// <summary>Trace entries buffered per reader; at most 512 KiB.</summary>
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
        api.MapGet("/connections", static async (ClusterClients clients) =>
            TypedResults.Json(await clients.ListAsync(), ApiJson.Default.IReadOnlyListConnectionEntry));
        api.MapGet("/events", static (HttpContext context, EventStreams streams, ClusterTurns turns) =>
            streams.ServeAsync(context, _ => turns.Subscribe(KeptTurns), KeptTurns, EventJson.Default.TurnEvent));

        var steering = api.MapGroup("");
        steering.AddEndpointFilter(static async (call, next) =>
            call.HttpContext.RequestServices.GetRequiredService<OperatorCheck>().Refuse(call.HttpContext) ?? await next(call));
        steering.MapPost("/resources/{name}/pause", static async (string name, OperatorActions steering) => Answer(await steering.PauseAsync(name)));
        steering.MapPost("/resources/{name}/resume", static async (string name, OperatorActions steering) => Answer(await steering.ResumeAsync(name)));
        steering.MapPost("/resources/{name}/move", static async (string name, string? node, OperatorActions steering, CancellationToken aborted) =>
            string.IsNullOrEmpty(node)
                ? TypedResults.Problem("The node is missing: move?node=NODE.", statusCode: StatusCodes.Status400BadRequest)
                : Answer(await steering.MoveAsync(name, node, aborted)));
        steering.MapDelete("/connections/{id}", static async (string id, OperatorActions steering) => Answer(await steering.CloseAsync(id)));
        steering.MapGet("/resources/{name}/trace", TraceAsync);
    }

    private static Task TraceAsync(string name, HttpContext context, Topology topology, EventStreams streams, ClusterTrace trace) =>
        topology.Resources.TryGetValue(name, out var resource)
            ? streams.ServeAsync(context, end => trace.Subscribe(resource, KeptTraces, end), KeptTraces, EventJson.Default.TraceEntry)
            : Answer(SteeringAnswer.Missing("resource")).ExecuteAsync(context);

    private static IResult Answer(SteeringAnswer answer) => answer.Result switch
    {
        SteeringResult.Done => TypedResults.NoContent(),
        SteeringResult.Accepted => TypedResults.StatusCode(StatusCodes.Status202Accepted),
        SteeringResult.Unknown => TypedResults.Problem(answer.Why, statusCode: StatusCodes.Status404NotFound),
        _ => TypedResults.Problem(answer.Why, statusCode: StatusCodes.Status409Conflict),
    };
}

/// <summary>JSON serialization of the API's responses.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<ConnectionEntry>))]
internal sealed partial class ApiJson : JsonSerializerContext;

/// <summary>
/// Refuses request bodies of more than 1 KiB, since the API needs none. A body without Content-Length is read to check its
/// size.
/// </summary>
internal static class SmallRequests
{
    public const int MaxBodyBytes = 1024;

    /// <returns>The response if the body is too large, or <see langword="null"/>.</returns>
    public static async ValueTask<IResult?> RefuseAsync(HttpContext context)
    {
        if (context.Request.ContentLength > MaxBodyBytes)
            return TooLarge();
        if (context.Request.ContentLength is not null || context.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true })
            return null;

        try
        {
            if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
                limit.MaxRequestBodySize = MaxBodyBytes;
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            return null;
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return TooLarge();
        }
    }

    private static ProblemHttpResult TooLarge() =>
        TypedResults.Problem($"A request's body may have {MaxBodyBytes} bytes.", statusCode: StatusCodes.Status413PayloadTooLarge);
}
