namespace SocketSync;

/// <summary>Everything that the page shows of one moment, by the server's local time. All viewers see the same.</summary>
internal sealed record PageSnapshot(
    DateTimeOffset At, HostPhase Phase, ServerView Server, IReadOnlyDictionary<string, ResourceView> Resources, ClientsView Clients, NodesView? Nodes = null);

/// <summary>The nodes that share resources, and the one that has sent the page.</summary>
internal sealed record NodesView(string This, IReadOnlyList<NodeView> All);

/// <summary>A node: its state, for how long it has not been heard of, how many resources it owns and clients it has.</summary>
internal sealed record NodeView(string Name, NodeState State, TimeSpan? SinceHeard, string? Version, int Resources, int Connections);

/// <summary>Where a resource lives; nowhere while nobody owns it.</summary>
internal sealed record PlaceView(string? Node, long? Epoch, bool IsHere, bool IsSilent);

/// <summary>A resource: who has the turn, the head of its queue, how fast its counts grow; and its last seconds and minutes, if a viewer has opened it.</summary>
internal sealed record ResourceView(
    string Name,
    string Processor,
    string State,
    ClientTime? Turn,
    IReadOnlyList<WaiterView> Waiters,
    GateStatus Gate,
    LinkStatus? Link,
    ResourceRates Rates,
    PlaceView? Place,
    ResourceDetail? Detail)
{
    /// <summary>Whether somebody should look at it.</summary>
    public bool IsInTrouble => State is "Unavailable" or "Stuck";
}

/// <summary>The last seconds and minutes of a resource.</summary>
internal sealed record ResourceDetail(TimelineView Timeline, DurationsView Waits, DurationsView Turns)
{
    /// <summary>What the journal knows of the last day; <see langword="null"/> without one.</summary>
    public JournalSum? Day { get; init; }

    /// <summary>Whether there was a turn in the last minutes while the page was open.</summary>
    public bool HasHistory => Turns.Points.Any(point => point.P50 is not null);
}

/// <summary>A client, and for how long it has had the turn.</summary>
internal sealed record ClientTime(string ConnectionId, string Address, TimeSpan For);

internal sealed record WaiterView(string ConnectionId, string Address, Priority Priority, TimeSpan For);

/// <summary>How many clients there are, and the first of them: those that have a turn, then those that wait, then the newest.</summary>
internal sealed record ClientsView(IReadOnlyList<ClientView> Listed, int Total);

internal sealed record ClientView(
    string Id, string Address, string Listener, string Resource, TimeSpan Connected, long Requests, bool Waiting, bool HasTurn, string? Node = null);

/// <summary>What a screen reader says: a resource's state, when it becomes unusual or usual again.</summary>
internal static class Announcement
{
    /// <returns><see langword="null"/> where nothing is worth saying.</returns>
    public static string? Of(PageSnapshot? before, PageSnapshot now)
    {
        if (before is null)
            return null;
        var changes = now.Resources.Values
            .Where(resource => before.Resources.TryGetValue(resource.Name, out var old) && Usual(old.State) != Usual(resource.State))
            .Select(resource => $"{resource.Name}: {Usual(resource.State)}.")
            .Concat(NodesOf(before, now));
        var text = string.Join(' ', changes);
        return text.Length == 0 ? null : text;
    }

    private static IEnumerable<string> NodesOf(PageSnapshot before, PageSnapshot now) =>
        from node in now.Nodes?.All ?? []
        where before.Nodes is { } old && old.All.FirstOrDefault(other => other.Name == node.Name)?.State != node.State
        select $"Node {node.Name}: {node.State.ToString().ToLowerInvariant()}.";

    // Idle and busy alternate many times a second.
    private static string Usual(string state) => state is "Idle" or "Busy" ? "in service" : state;
}
