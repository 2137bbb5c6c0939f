namespace SocketSync;

/// <summary>What the page shows of one moment; the same for everybody who looks.</summary>
internal sealed record PageSnapshot(
    DateTimeOffset At, HostPhase Phase, IReadOnlyDictionary<string, ResourceView> Resources, ClientsView Clients);

/// <summary>A resource: who has the turn, the head of its line, how fast its counts grow, and its last seconds and minutes.</summary>
internal sealed record ResourceView(
    string Name,
    string Processor,
    string State,
    ClientTime? Turn,
    IReadOnlyList<WaiterView> Waiters,
    GateStatus Gate,
    LinkStatus? Link,
    ResourceRates Rates,
    TimelineView Timeline,
    DurationsView Waits,
    DurationsView Turns)
{
    /// <summary>Whether it had a turn in the last minutes, while somebody looked.</summary>
    public bool HasHistory => Turns.Points.Any(point => point.P50 is not null);
}

/// <summary>A client, and since when something holds of it.</summary>
internal sealed record ClientTime(string ConnectionId, string Address, TimeSpan For);

internal sealed record WaiterView(string ConnectionId, string Address, Priority Priority, TimeSpan For);

/// <summary>How many clients there are, and the first of them: before all others those who use a resource or wait for it.</summary>
internal sealed record ClientsView(IReadOnlyList<ClientView> Listed, int Total);

internal sealed record ClientView(
    string Id, string Address, string Listener, string Resource, TimeSpan Connected, long Requests, bool Waiting, bool HasTurn);
