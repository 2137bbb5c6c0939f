using System.Text.Json;
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
        api.MapGet("/connections", static (Topology topology) =>
            TypedResults.Json(topology.ListConnections(), ApiJson.Default.IReadOnlyListConnectionEntry));
        api.MapGet("/events", static (HttpContext context, EventStreams streams, TurnFeed turns) =>
            streams.ServeAsync(context, turns, KeptTurns, ApiJson.Default.TurnEvent));

        var steering = api.MapGroup("");
        steering.AddEndpointFilter(static async (call, next) =>
            call.HttpContext.RequestServices.GetRequiredService<OperatorCheck>().Refuse(call.HttpContext) ?? await next(call));
        steering.MapPost("/resources/{name}/pause", static (string name, OperatorActions steering) => Done(steering.Pause(name), "resource"));
        steering.MapPost("/resources/{name}/resume", static (string name, OperatorActions steering) => Done(steering.Resume(name), "resource"));
        steering.MapDelete("/connections/{id}", static (string id, OperatorActions steering) => Done(steering.Close(id), "connection"));
        steering.MapGet("/resources/{name}/trace", TraceAsync);
    }

    private static Task TraceAsync(string name, HttpContext context, Topology topology, EventStreams streams) =>
        topology.Resources.TryGetValue(name, out var resource)
            ? streams.ServeAsync(context, resource.Telemetry.Trace, KeptTraces, ApiJson.Default.TraceEntry)
            : Missing("resource").ExecuteAsync(context);

    private static Results<NoContent, ProblemHttpResult> Done(bool found, string what) =>
        found ? TypedResults.NoContent() : Missing(what);

    private static ProblemHttpResult Missing(string what) =>
        TypedResults.Problem($"There is no such {what}.", statusCode: StatusCodes.Status404NotFound);
}

/// <summary>JSON serialization of the API's responses.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(OutcomeConverter), typeof(TraceEntryConverter)])]
[JsonSerializable(typeof(IReadOnlyList<ConnectionEntry>))]
[JsonSerializable(typeof(TurnEvent))]
[JsonSerializable(typeof(TraceEntry))]
internal sealed partial class ApiJson : JsonSerializerContext;

/// <summary>Writes an outcome as its code, as in metrics and error lines.</summary>
internal sealed class OutcomeConverter : JsonConverter<Outcome>
{
    public override Outcome Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

    public override void Write(Utf8JsonWriter writer, Outcome value, JsonSerializerOptions options) => writer.WriteStringValue(value.Code());
}

/// <summary>Writes a trace entry with its bytes in hex.</summary>
internal sealed class TraceEntryConverter : JsonConverter<TraceEntry>
{
    public override TraceEntry Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

    public override void Write(Utf8JsonWriter writer, TraceEntry value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteString("direction"u8, value.Direction);
        writer.WriteString("connectionId"u8, value.ConnectionId);
        writer.WriteString("time"u8, value.Time);
        writer.WriteNumber("bytes"u8, value.Length);
        writer.WriteString("hex"u8, Convert.ToHexStringLower(value.Bytes.Span));
        writer.WriteBoolean("truncated"u8, value.Bytes.Length < value.Length);
        writer.WriteEndObject();
    }
}

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
