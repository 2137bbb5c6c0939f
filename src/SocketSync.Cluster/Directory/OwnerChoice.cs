using System.Collections.Concurrent;

namespace SocketSync;

/// <summary>Chooses the node that should own a resource: the one that an operator has named, while it lives, else by a hash.</summary>
/// <param name="resources">The resources, with the nodes that may own them.</param>
internal sealed class OwnerChoice(IReadOnlyDictionary<string, ResourceOptions> resources)
{
    private readonly ConcurrentDictionary<string, string> _wishes = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>What operators have asked for: resources and the nodes that shall own them.</summary>
    public IReadOnlyDictionary<string, string> Wishes => _wishes;

    /// <summary>Remembers that an operator has moved a resource to a node.</summary>
    public void Wish(string resource, string node) => _wishes[resource] = node;

    /// <summary>That node is gone: what was wished of it is over, also when it comes back.</summary>
    public void Gone(string node)
    {
        foreach (var (resource, wished) in _wishes)
        {
            if (wished.Equals(node, StringComparison.Ordinal))
                _wishes.TryRemove(KeyValuePair.Create(resource, wished));
        }
    }

    /// <summary>Whether a resource may be owned by a node.</summary>
    public bool Allows(string resource, string node) =>
        resources.TryGetValue(resource, out var options) && (options.Nodes.Count == 0 || options.Nodes.Contains(node, StringComparer.Ordinal));

    /// <summary>Whether only one node may own a resource, and so needs no lease.</summary>
    public bool IsSole(string resource, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? node)
    {
        node = resources.TryGetValue(resource, out var options) && options.Nodes.Distinct(StringComparer.Ordinal).Take(2).ToList() is [var only] ? only : null;
        return node is not null;
    }

    /// <summary>
    /// Chooses among living nodes by rendezvous hashing: every node chooses the same without asking another, the resources spread
    /// evenly, and when a node dies only its own resources change hands.
    /// </summary>
    /// <returns><see langword="null"/> if none of them may own the resource.</returns>
    public string? Choose(string resource, IEnumerable<string> living)
    {
        var possible = living.Where(node => Allows(resource, node)).ToList();
        if (_wishes.TryGetValue(resource, out var wished) && possible.Contains(wished, StringComparer.Ordinal))
            return wished;
        return possible.MaxBy(node => (Weigh(resource, node), node));
    }

    // FNV-1a with the last step of MurmurHash3: the same in every process and version, which string.GetHashCode is not.
    private static ulong Weigh(string resource, string node)
    {
        var hash = 14695981039346656037UL;
        foreach (var character in $"{node}\0{resource.ToUpperInvariant()}")
            hash = (hash ^ character) * 1099511628211UL;
        hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdUL;
        hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53UL;
        return hash ^ (hash >> 33);
    }
}
