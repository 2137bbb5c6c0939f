namespace SocketSync;

/// <summary>
/// The other nodes, as far as one can see and ask them: how this node reaches them, and nothing of what they say. Questions, answers
/// and feeds are text, so that nodes of two versions understand each other; the core writes and reads it.
/// </summary>
internal interface IClusterView
{
    /// <summary>The name of this node.</summary>
    string Node { get; }

    /// <summary>Whether this node is one of the cluster by now.</summary>
    bool HasJoined { get; }

    /// <summary>The nodes that the membership knows, this one among them, each name once.</summary>
    IReadOnlyCollection<NodeMember> Members { get; }

    /// <summary>Asks another node something.</summary>
    /// <returns>Its answer; empty if its version does not know the question.</returns>
    /// <exception cref="Exception">It does not answer, whatever the reason; <paramref name="cancellationToken"/> bounds the wait.</exception>
    Task<string> AskAsync(string node, string question, string argument, CancellationToken cancellationToken);

    /// <summary>Reads what another node publishes, in batches, until it or <paramref name="cancellationToken"/> ends that.</summary>
    IAsyncEnumerable<string> ReadAsync(string node, string feed, string argument, CancellationToken cancellationToken);

    /// <summary>Lets another node own a resource from now on, after the owner has finished what it does; returns when it does.</summary>
    /// <returns>Why that has not come to pass, in one line; <see langword="null"/> if it has.</returns>
    Task<string?> MoveAsync(string resource, string node, CancellationToken cancellationToken);
}

/// <summary>What the membership says of a node.</summary>
internal enum MemberState
{
    Joining,
    Up,
    Gone,
}

/// <summary>A node, as the membership knows it.</summary>
internal readonly record struct NodeMember(string Name, MemberState State);
