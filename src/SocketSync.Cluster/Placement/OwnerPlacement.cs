using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace SocketSync;

/// <summary>Places a grain whose key is a resource's name on the node that should own the resource.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class OwnerPlacementAttribute() : PlacementAttribute(new OwnerPlacement());

/// <summary>The strategy of <see cref="OwnerPlacementAttribute"/>.</summary>
[Serializable, GenerateSerializer, Immutable]
internal sealed class OwnerPlacement : PlacementStrategy;

/// <summary>Asks <see cref="OwnerChoice"/>, among the nodes that Orleans takes for living.</summary>
/// <remarks>A placement filter would not do: it matches the caller, not the resource.</remarks>
internal sealed class OwnerPlacementDirector(ISiloStatusOracle silos, OwnerChoice choice, ResourceDirectory directory) : IPlacementDirector
{
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var resource = target.GrainIdentity.Key.ToString()!;
        var addresses = new Dictionary<string, SiloAddress>(StringComparer.Ordinal);
        foreach (var address in context.GetCompatibleSilos(target).OrderBy(address => address.Generation))
        {
            if (silos.TryGetSiloName(address, out var name))
                addresses[name] = address;
        }

        var living = directory.Living().Where(addresses.ContainsKey);
        var node = choice.Choose(resource, living) ?? choice.Choose(resource, addresses.Keys);
        return node is not null
            ? Task.FromResult(addresses[node])
            : throw new SiloUnavailableException($"None of the nodes that may own resource {resource} is there.");
    }
}
