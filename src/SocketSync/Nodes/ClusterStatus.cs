using System.Text.Json.Serialization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SocketSync;

/// <summary>What all nodes together tell of the resources, and of one another.</summary>
internal sealed class ClusterStatus(ClusterNodes nodes, Topology topology)
{
    /// <summary>The figures of each resource are those of its owner; its counts those of all nodes where requests were counted.</summary>
    public IReadOnlyDictionary<string, ResourceStatus> Resources(IReadOnlyList<NodeSight> sights)
    {
        var names = topology.Resources.Values.Select(resource => resource.Name).Concat(sights.SelectMany(node => node.Report?.Resources?.Keys ?? []));
        return names.Distinct(StringComparer.OrdinalIgnoreCase).ToDictionary(name => name, ResourceStatus (name) => Of(name, sights), StringComparer.Ordinal);
    }

    public static IReadOnlyDictionary<string, NodeStatus> Nodes(IReadOnlyList<NodeSight> sights) => sights.ToDictionary(
        node => node.Name,
        node => new NodeStatus(
            node.State.ToString(),
            node.SinceHeard?.TotalSeconds,
            node.Report?.Version,
            node.Report?.Address,
            node.State == NodeState.Gone ? 0 : node.Report?.Owned ?? 0,
            node.State == NodeState.Gone ? 0 : node.Report?.Connections ?? 0,
            node.IsThis ? null : node.Report?.Listeners),
        StringComparer.Ordinal);

    /// <summary>Judges a resource that lives elsewhere: this node is ready all the same.</summary>
    public HealthCheckResult HealthElsewhere(string resource) => nodes.OwnerOf(resource) switch
    {
        null => HealthCheckResult.Degraded("No node owns it."),
        { IsSilent: true } owner => HealthCheckResult.Degraded($"Node {owner.Node}, which owns it, is silent."),
        { Report.Health: { } what } owner => HealthCheckResult.Degraded($"On node {owner.Node}: {what}"),
        var owner => HealthCheckResult.Healthy($"On node {owner.Node}."),
    };

    /// <summary>Judges this node's part in the cluster.</summary>
    public HealthCheckResult Health()
    {
        if (!nodes.View.HasJoined)
            return HealthCheckResult.Unhealthy($"Node {nodes.Name} has not joined the cluster.");
        var silent = nodes.Look().Where(node => node.State == NodeState.Silent).Select(node => node.Name).ToList();
        return silent.Count == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded($"Silent: {string.Join(", ", silent)}.");
    }

    private PlacedResourceStatus Of(string name, IReadOnlyList<NodeSight> sights)
    {
        var owner = nodes.OwnerOf(name);
        var counts = default(RequestCounts);
        ResourceStatus? figures = null;
        foreach (var node in sights)
        {
            if (node.Report?.Of(name)?.Status is not { } status)
                continue;
            counts += RequestCounts.Of(status);
            if (node.Name == owner?.Node)
                figures = status;
        }

        if (figures is null || owner is null or { IsSilent: true })
            figures = Unserved(figures ?? Idle(name));
        return new PlacedResourceStatus(figures, counts, owner?.Node, owner?.Epoch);
    }

    private ResourceStatus Idle(string name) => topology.Resources.TryGetValue(name, out var resource)
        ? ResourceFigures.Of(topology, resource) with { Link = null }
        : new("", "", 0, 0, null, null, 0, 0, 0, 0, 0, 0);

    /// <summary>What nobody owns, or a node that is silent, is not to be had.</summary>
    private static ResourceStatus Unserved(ResourceStatus figures) => figures with { State = "Unavailable" };
}

/// <summary>A node in <c>/api/status</c>.</summary>
/// <param name="State">One of <see cref="NodeState"/>.</param>
/// <param name="SecondsSinceHeard">The age of its last report.</param>
/// <param name="Version">Its version.</param>
/// <param name="Address">Where it talks to other nodes.</param>
/// <param name="Resources">How many resources it owns.</param>
/// <param name="Connections">How many clients are connected to it.</param>
/// <param name="Listeners">Its listeners; this node's own stand beside the resources.</param>
internal sealed record NodeStatus(
    string State,
    double? SecondsSinceHeard,
    string? Version,
    string? Address,
    int Resources,
    int Connections,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyDictionary<string, ListenerStatus>? Listeners);
