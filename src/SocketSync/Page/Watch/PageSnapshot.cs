namespace SocketSync;

/// <summary>What the page shows of one moment; the same for everybody who looks.</summary>
internal sealed record PageSnapshot(
    DateTimeOffset At, HostPhase Phase, IReadOnlyDictionary<string, ResourceView> Resources, ClientsView Clients);

/// <param name="Turn">Who has the turn.</param>
/// <param name="Waiters">The head of the line.</param>
/// <param name="Rates">What was counted, and how fast it grows.</param>
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
    DurationsView Turns);

/// <summary>A client, and since when something holds of it.</summary>
internal sealed record ClientTime(string ConnectionId, string Address, TimeSpan For);

internal sealed record WaiterView(string ConnectionId, string Address, Priority Priority, TimeSpan For);

/// <param name="Shown">The first of them, those first who use a resource or wait for it.</param>
/// <param name="Total">How many there are.</param>
internal sealed record ClientsView(IReadOnlyList<ClientView> Shown, int Total);

internal sealed record ClientView(
    string Id, string Address, string Listener, string Resource, TimeSpan Connected, long Requests, bool Waiting, bool HasTurn);
