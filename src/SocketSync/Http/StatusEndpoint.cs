using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace SocketSync;

/// <summary><c>GET /api/status</c>: the current state of every resource and listener.</summary>
internal static class StatusEndpoint
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/status", static (Topology topology) => TypedResults.Json(Look(topology), StatusJson.Default.StatusBody));

    private static StatusBody Look(Topology topology) => new(
        topology.Resources.Values.ToDictionary(resource => resource.Name, resource => Look(topology, resource), StringComparer.Ordinal),
        topology.Bound.EndPoints.Where(endPoint => !endPoint.IsForward).ToDictionary(endPoint => endPoint.Name, endPoint => Look(topology.Listeners[endPoint.Name], endPoint), StringComparer.Ordinal));

    private static ResourceStatus Look(Topology topology, SharedResource resource)
    {
        var gate = resource.Gate.GetStatus();
        var link = resource.Link?.GetStatus();
        var routes = topology.RoutesTo(resource).ToList();
        return new ResourceStatus(
            resource.ProcessorName,
            State(gate, link),
            gate.QueueLength,
            gate.OldestWait.TotalSeconds,
            gate.Holder is { } holder ? new TurnStatus(holder.Id, holder.RemoteEndPoint?.ToString(), gate.Held.TotalSeconds) : null,
            link is null ? null : new LinkBody(link.State.ToString(), link.Connects, link.DiscardedBytes, link.Retries, link.LastError, resource.RestingUnits),
            Sum(Outcome.Ok),
            Sum(Outcome.Busy) + Sum(Outcome.Unavailable),
            Sum(Outcome.Timeout) + Sum(Outcome.Failed),
            Sum(Outcome.Abandoned),
            Sum(Outcome.Cached),
            Sum(Outcome.Denied));

        long Sum(Outcome outcome) => routes.Sum(route => route.CountOf(outcome));
    }

    public static string State(in GateStatus gate, LinkStatus? link) =>
        gate.IsStuck ? "Stuck"
        : gate.IsPaused ? "Paused"
        : link is { State: LinkState.Down } ? "Unavailable"
        : gate.Holder is null ? "Idle" : "Busy";

    private static ListenerStatus Look(ListenerState listener, ListenerEndPoint endPoint) => new(
        endPoint.Address.UnixSocket ?? endPoint.Address.Address,
        endPoint.Port,
        listener.ConnectionCount,
        listener.Accepted,
        listener.Rejected);
}

/// <summary>The body of <c>/health/ready</c>.</summary>
internal sealed record ReadinessBody(string Status, IReadOnlyDictionary<string, ReadinessEntry> Resources);

internal sealed record ReadinessEntry(string Status, string? Description);

/// <summary>The body of <c>/api/status</c>.</summary>
internal sealed record StatusBody(
    IReadOnlyDictionary<string, ResourceStatus> Resources, IReadOnlyDictionary<string, ListenerStatus> Listeners);

internal sealed record ResourceStatus(
    string Processor,
    string State,
    int QueueLength,
    double OldestWaitSeconds,
    TurnStatus? Turn,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] LinkBody? Link,
    long Completed,
    long Refused,
    long Failed,
    long Abandoned,
    long Cached,
    long Denied);

internal sealed record TurnStatus(string ConnectionId, string? RemoteEndPoint, double HeldSeconds);

internal sealed record LinkBody(string State, long Connects, long DiscardedBytes, long Retries, string? LastError, IReadOnlyList<int> Resting);

internal sealed record ListenerStatus(string Address, int? Port, int Connections, long Accepted, long Rejected);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ReadinessBody))]
[JsonSerializable(typeof(StatusBody))]
internal sealed partial class StatusJson : JsonSerializerContext;
