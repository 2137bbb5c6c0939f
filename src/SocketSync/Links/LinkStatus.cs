namespace SocketSync;

/// <summary>How a link is.</summary>
internal enum LinkState
{
    /// <summary>An attempt to open it is under way, and none before it has failed.</summary>
    Opening,

    Up,

    /// <summary>Closed since nobody used it; opened with the next request.</summary>
    Idle,

    /// <summary>The last attempt to open it has failed.</summary>
    Down,
}

/// <summary>A link at one moment.</summary>
internal sealed record LinkStatus(string Description, LinkState State, long Connects, long DiscardedBytes, string? LastError);
