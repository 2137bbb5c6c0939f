using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync;

/// <summary><c>GET /api/status</c>: the current state of every resource, listener and node.</summary>
internal static class StatusEndpoint
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/status", static (HttpContext context, Topology topology) => TypedResults.Json(
            context.RequestServices.GetService<ClusterNodes>() is { } nodes ? Look(topology, nodes) : Look(topology), StatusJson.Default.StatusBody));

    private static StatusBody Look(Topology topology) => new(
        topology.Resources.Values.ToDictionary(resource => resource.Name, resource => ResourceFigures.Of(topology, resource), StringComparer.Ordinal),
        ListenerStatus.Of(topology),
        Nodes: null);

    private static StatusBody Look(Topology topology, ClusterNodes nodes)
    {
        var sights = nodes.Look();
        return new(new ClusterStatus(nodes, topology).Resources(sights), ListenerStatus.Of(topology), ClusterStatus.Nodes(sights));
    }
}

/// <summary>The body of <c>/health/ready</c>.</summary>
internal sealed record ReadinessBody(string Status, IReadOnlyDictionary<string, ReadinessEntry> Resources);

internal sealed record ReadinessEntry(string Status, string? Description);

/// <summary>The body of <c>/api/status</c>.</summary>
internal sealed record StatusBody(
    IReadOnlyDictionary<string, ResourceStatus> Resources,
    IReadOnlyDictionary<string, ListenerStatus> Listeners,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, NodeStatus>? Nodes);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ReadinessBody))]
[JsonSerializable(typeof(StatusBody))]
internal sealed partial class StatusJson : JsonSerializerContext;
