namespace SocketSync;

/// <summary>Where a link is. Written by <see cref="LinkManager"/> alone, in one method; the status, the page and the metrics show it as it is.</summary>
/// <remarks>
/// <code>
///   Idle -----> Opening -----> Up &lt;----> Taken &lt;----> Purging
///
///   Opening --> Down --> Up            an attempt failed; a later one succeeded
///   Idle -----> Down                   the link was lost right after opening, too often in a row
///   Up &lt;------> Checking --> Idle      the device has closed it, or nobody has used it for IdleTimeout
///   Taken ----> Idle                   lost, or closed by its turn
///   Purging --> Idle                   the same, while the line was being drained
///   Purging --> Up                     silent; the turn is over
///   Purging --> Down                   the line does not fall silent
///   Any ------> Stopped
/// </code>
/// </remarks>
internal enum LinkState
{
    /// <summary>Closed; the next request opens it.</summary>
    Idle,

    /// <summary>An attempt to open it is under way, with the pause before it and the silence that a line needs after it. None before it has failed.</summary>
    Opening,

    /// <summary>Open, and nobody uses it.</summary>
    Up,

    /// <summary>A turn uses it.</summary>
    Taken,

    /// <summary>Open; the manager reads what came unasked. Only for a moment.</summary>
    Checking,

    /// <summary>Late bytes may come on it: its turn discards them until the line is silent, and nobody else may use it.</summary>
    Purging,

    /// <summary>The last attempt failed, or the line does not fall silent. Attempts go on; requests are refused meanwhile.</summary>
    Down,

    /// <summary>Closed for good.</summary>
    Stopped,
}

/// <summary>What follows from a link's state.</summary>
internal static class LinkStateRules
{
    /// <summary>Whether the link is open and in working order.</summary>
    public static bool IsUp(this LinkState state) =>
        state is LinkState.Up or LinkState.Taken or LinkState.Checking or LinkState.Purging;

    /// <summary>Whether a turn has the link.</summary>
    public static bool IsInTurn(this LinkState state) => state is LinkState.Taken or LinkState.Purging;

    /// <summary>The arrows of the diagram above.</summary>
    public static bool CanBecome(this LinkState state, LinkState next) => state switch
    {
        LinkState.Idle => next is LinkState.Opening or LinkState.Down or LinkState.Stopped,
        LinkState.Opening => next is LinkState.Up or LinkState.Down or LinkState.Stopped,
        LinkState.Up => next is LinkState.Taken or LinkState.Checking or LinkState.Stopped,
        LinkState.Taken => next is LinkState.Up or LinkState.Purging or LinkState.Idle or LinkState.Stopped,
        LinkState.Checking => next is LinkState.Up or LinkState.Idle or LinkState.Stopped,
        LinkState.Purging => next is LinkState.Up or LinkState.Taken or LinkState.Idle or LinkState.Down or LinkState.Stopped,
        LinkState.Down => next is LinkState.Up or LinkState.Stopped,
        _ => false,
    };
}

/// <summary>A link at one moment.</summary>
/// <param name="Description">What it leads to.</param>
/// <param name="State">Where it is.</param>
/// <param name="Connects">How often it was opened.</param>
/// <param name="DiscardedBytes">How much came unasked.</param>
/// <param name="Retries">How many requests were sent again.</param>
/// <param name="LastError">What went wrong last; it is kept when all is well again.</param>
/// <param name="LastErrorAt">When that was. While the link is down, each attempt that fails renews it.</param>
/// <param name="DownSince">When it went down, if it is.</param>
internal sealed record LinkStatus(
    string Description,
    LinkState State,
    long Connects,
    long DiscardedBytes,
    long Retries,
    string? LastError,
    DateTimeOffset? LastErrorAt = null,
    DateTimeOffset? DownSince = null);
