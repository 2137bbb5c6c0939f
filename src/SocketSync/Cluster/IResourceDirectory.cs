using System.Net;

namespace SocketSync;

/// <summary>Knows where the resources live that several nodes share. Asked once for each connection.</summary>
internal interface IResourceDirectory
{
    /// <summary>The name of this node.</summary>
    string Node { get; }

    /// <summary>
    /// Finds the node that owns a resource. While a takeover is under way it waits, for as long as the contract allows, and then says
    /// <see cref="ResourcePlace.Nowhere"/>.
    /// </summary>
    /// <param name="resource">The resource's name.</param>
    /// <param name="cancellationToken">The client has left.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    ValueTask<ResourcePlace> FindAsync(string resource, CancellationToken cancellationToken);

    /// <summary>A node that was said to own a resource has refused a client for it, or cannot be reached: what is known of it is out of date.</summary>
    /// <param name="resource">The resource's name.</param>
    /// <param name="place">What was known.</param>
    void Forget(string resource, ResourcePlace.Elsewhere place);
}

/// <summary>Where a resource lives, as far as this node knows.</summary>
internal abstract record ResourcePlace
{
    private ResourcePlace()
    {
    }

    /// <summary>This node owns it.</summary>
    /// <param name="Lost">Fires when this node's term has ended other than by a drain: its clients are reset.</param>
    public sealed record Here(CancellationToken Lost) : ResourcePlace;

    /// <summary>Another node owns it.</summary>
    /// <param name="Node">That node's name.</param>
    /// <param name="EndPoint">Where that node takes the clients of others.</param>
    /// <param name="Lost">Fires when that node is known to be gone, or not to own it any more: its clients are reset.</param>
    public sealed record Elsewhere(string Node, IPEndPoint EndPoint, CancellationToken Lost) : ResourcePlace;

    /// <summary>Nobody owns it. Its clients are told that it is unavailable, and closed.</summary>
    public sealed record Nowhere : ResourcePlace
    {
        public static readonly Nowhere Instance = new();
    }
}
