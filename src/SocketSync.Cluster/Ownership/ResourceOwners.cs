namespace SocketSync;

/// <summary>This node's part in each resource.</summary>
internal sealed class ResourceOwners(IEnumerable<string> shared, ResourceDirectory directory)
{
    public string Node => directory.Node;

    /// <summary>The resources that several nodes may own.</summary>
    public IReadOnlyList<string> Shared { get; } = [.. shared];

    /// <summary>Tries to become the owner of a resource, if this is the node for it.</summary>
    public bool TryAcquire(string resource) => resource.Length > 0 && !directory.IsLeaving;

    /// <summary>Another node owns the resource, and lives.</summary>
    public bool StopAcquiring(string resource) => resource.Length > 0 && !directory.IsLeaving;
}
