using Orleans.Concurrency;

namespace SocketSync;

/// <summary>
/// One for each resource that nodes share: where it is active, its resource is to be owned. Called by every node as long as nobody is
/// known to own the resource, so that a takeover needs neither a client nor any one node.
/// </summary>
internal interface IOwnership : IGrainWithStringKey
{
    /// <summary>Makes sure that a node tries to become the owner.</summary>
    /// <returns>The node that tries.</returns>
    [ResponseTimeout("00:00:10")]
    Task<string> TouchAsync();
}

/// <inheritdoc cref="IOwnership"/>
/// <remarks>
/// Being active is a wish, not a right: two activations may exist while the network is divided, and the lease decides between them.
/// Nor is it needed once a term has begun: the term goes on when Orleans loses the activation.
/// </remarks>
[OwnerPlacement, KeepAlive]
internal sealed class OwnershipGrain(ResourceOwners owners) : Grain, IOwnership
{
    public Task<string> TouchAsync()
    {
        var name = this.GetPrimaryKeyString();
        if (!owners.TryAcquire(name))
            DeactivateOnIdle(); // another node is to do it: the next call activates the grain there
        return Task.FromResult(owners.Node);
    }
}
