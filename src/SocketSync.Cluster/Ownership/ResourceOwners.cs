namespace SocketSync;

/// <summary>This node's part in each resource.</summary>
/// <param name="resources">The resources with their settings.</param>
/// <param name="leases">The ways to the leases.</param>
/// <param name="choice">Says which node should own what.</param>
/// <param name="directory">Says who lives.</param>
/// <param name="use">What each owner needs.</param>
internal sealed class ResourceOwners(
    IReadOnlyDictionary<string, ResourceOptions> resources, NodeLeases leases, OwnerChoice choice, ResourceDirectory directory, OwnerParts use)
{
    private readonly Dictionary<string, ResourceOwner> _owners = resources.Keys.Where(name => !choice.IsSole(name, out _)).ToDictionary(
        name => name,
        name => new ResourceOwner(name, leases.Of(name), use),
        StringComparer.OrdinalIgnoreCase);

    private readonly Dictionary<string, SoleTerm> _soleTerms = new(StringComparer.OrdinalIgnoreCase);

    public string Node => directory.Node;

    /// <summary>The resources that several nodes may own.</summary>
    public IEnumerable<string> Shared => _owners.Keys;

    /// <summary>The resources that only another node may own.</summary>
    public IEnumerable<(string Resource, string Node)> Others =>
        from resource in resources.Keys
        let node = choice.IsSole(resource, out var only) ? only : null
        where node is not null && node != Node
        select (resource, node);

    /// <summary>Whether this node has owned a resource by a lease.</summary>
    public bool HasHadTerms => _owners.Values.Any(owner => owner.HasHadTerms);

    /// <summary>Serves the resources that no other node may own, from now on, without the store and without the others.</summary>
    /// <exception cref="SocketSyncStartupException">A processor cannot be made.</exception>
    public void BeginSole()
    {
        foreach (var name in resources.Keys.Where(name => choice.IsSole(name, out var node) && node == Node))
        {
            var term = new SoleTerm(use.Time);
            use.Terms.Begin(name, term);
            _soleTerms.Add(name, term);
            use.Voice.Begin(name, term.Epoch);
        }
    }

    /// <summary>Tries to become the owner of a resource, if this is the node for it.</summary>
    public bool TryAcquire(string resource)
    {
        if (!_owners.TryGetValue(resource, out var owner))
            return false;
        if (directory.OwnerOf(resource) is { Answers: true, IsLeaving: false } known && known.Node != Node)
            return false;
        if (choice.Choose(resource, directory.Living()) != Node)
        {
            owner.StopAcquiring();
            return false;
        }

        owner.Start();
        return true;
    }

    /// <summary>Nobody is known to own the resource any more.</summary>
    public void LookNow(string resource) => _owners[resource].LookNow();

    /// <summary>Another node owns the resource, and lives.</summary>
    public void StopAcquiring(string resource) => _owners[resource].StopAcquiring();

    /// <summary>Gives a resource up, after its turns are finished, in favour of another node.</summary>
    /// <returns>What is against it; <see langword="null"/> if it is under way.</returns>
    public string? Move(string resource, string node, TimeSpan drain)
    {
        if (!_owners.TryGetValue(resource, out var owner))
            return $"resource {resource} has one node only";
        if (directory.OwnerOf(resource)?.Node != Node)
            return $"resource {resource} is not owned by {Node} any more";
        choice.Wish(resource, node);
        owner.LeaveAsync(drain, node).Observe();
        return null;
    }

    /// <summary>Gives everything up: at the end of the process, whatever leads to it.</summary>
    /// <param name="drain">How long turns in progress may take.</param>
    public async Task LeaveAsync(TimeSpan drain)
    {
        var sole = _soleTerms.Select(async term =>
        {
            use.Terms.Cancel(term.Key);
            await use.Terms.EndAsync(term.Key, use.Grace);
            term.Value.End();
            use.Voice.End(term.Key, term.Value.Epoch);
        });
        await Task.WhenAll([.. _owners.Values.Select(owner => owner.LeaveAsync(drain, successor: null)), .. sole]);
    }
}
