using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace SocketSync;

/// <summary>Places a grain whose key is a node's name on that node. While there is no such node, a call to the grain fails.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class NodePlacementAttribute() : PlacementAttribute(new NodePlacement());

/// <summary>The strategy of <see cref="NodePlacementAttribute"/>.</summary>
[Serializable, GenerateSerializer, Immutable]
internal sealed class NodePlacement : PlacementStrategy;

/// <summary>Knows nodes by the names of their silos (<c>SiloOptions.SiloName</c> is <c>Cluster:Node</c>).</summary>
internal sealed class NodePlacementDirector(ISiloStatusOracle silos) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var node = target.GrainIdentity.Key.ToString();
        // A node that was restarted may be listed twice for a while: the younger one lives.
        var silo = context.GetCompatibleSilos(target)
            .Where(address => silos.TryGetSiloName(address, out var name) && name.Equals(node, StringComparison.Ordinal))
            .MaxBy(address => address.Generation);
        return silo is not null ? Task.FromResult(silo) : throw new SiloUnavailableException($"There is no node {node}.");
    }
}
