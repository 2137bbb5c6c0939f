using System.Diagnostics.Metrics;

namespace SocketSync;

/// <summary>
/// What the meter tells of this node's part in the cluster, read when it is observed. Each node tells of itself; <c>.nodes</c> is how it
/// sees them all.
/// </summary>
internal sealed class ClusterMeter
{
    private readonly ClusterNodes _nodes;
    private readonly Topology _topology;

    public ClusterMeter(Meter meter, ClusterNodes nodes, Topology topology)
    {
        (_nodes, _topology) = (nodes, topology);
        meter.CreateObservableGauge("socketsync.cluster.owned", Owned, unit: null, "Whether this node owns the resource: 1, else 0.");
        meter.CreateObservableGauge("socketsync.cluster.epoch", Epochs, unit: null, "The epoch in which this node owns the resource; 0 while it does not.");
        meter.CreateObservableUpDownCounter("socketsync.cluster.forwarded.connections", Forwarded, "{connection}", "Clients that are connected here and served by another node.");
        meter.CreateObservableUpDownCounter("socketsync.cluster.nodes", Nodes, "{node}", "Nodes, this one among them, by their state as this one sees it.");
    }

    private IEnumerable<Measurement<int>> Owned() =>
        _topology.Resources.Values.Select(resource => new Measurement<int>(Epoch(resource) is null ? 0 : 1, Of(resource)));

    private IEnumerable<Measurement<long>> Epochs() =>
        _topology.Resources.Values.Select(resource => new Measurement<long>(Epoch(resource) ?? 0, Of(resource)));

    private IEnumerable<Measurement<int>> Forwarded() =>
        _topology.Listeners.Values.Select(listener => new Measurement<int>(
            listener.Connections.Count(connection => connection.IsForwarded), new KeyValuePair<string, object?>("listener", listener.Name)));

    private IEnumerable<Measurement<int>> Nodes()
    {
        var nodes = _nodes.States;
        return Enum.GetValues<NodeState>().Select(state => new Measurement<int>(
            nodes.Count(node => node == state), new KeyValuePair<string, object?>("state", state.ToString())));
    }

    private static long? Epoch(SharedResource resource) => resource.IsServedHere ? resource.Term?.Epoch : null;

    private static KeyValuePair<string, object?> Of(SharedResource resource) => new("resource", resource.Name);
}
