namespace SocketSync;

/// <summary>What <c>/api/status</c> says, as <c>status</c> shows it. What another version adds is passed over, and what it does not say is done without.</summary>
internal sealed record ShownStatus
{
    public IReadOnlyDictionary<string, ShownResource> Resources { get; init; } = new Dictionary<string, ShownResource>(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, ShownListener> Listeners { get; init; } = new Dictionary<string, ShownListener>(StringComparer.Ordinal);

    /// <summary>Null on a server that is alone.</summary>
    public IReadOnlyDictionary<string, ShownNode>? Nodes { get; init; }
}

internal sealed record ShownResource
{
    public string State { get; init; } = "";

    public int QueueLength { get; init; }

    public double OldestWaitSeconds { get; init; }

    public ShownTurn? Turn { get; init; }

    public ShownLink? Link { get; init; }

    public long Completed { get; init; }

    public long Refused { get; init; }

    public long Failed { get; init; }

    /// <summary>The node that owns it; null on a server that is alone, and while nobody does.</summary>
    public string? Node { get; init; }
}

internal sealed record ShownTurn(string ConnectionId, string? RemoteEndPoint, double HeldSeconds);

internal sealed record ShownLink(string State, string? LastError);

internal sealed record ShownListener(string Address, int? Port, int Connections, long Accepted, long Rejected);

internal sealed record ShownNode(string State, string? Version, int Resources, int Connections);
