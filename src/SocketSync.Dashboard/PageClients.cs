namespace SocketSync;

/// <summary>The clients that the page lists: of this server, or of all nodes, which are then asked once a second.</summary>
internal sealed class PageClients(Topology topology, TimeProvider time, ClusterNodes? nodes)
{
    private const int MaxClients = 50;

    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1);

    private volatile HeardClients _last = new([], 0);
    private long? _askedAt;
    private Task _asking = Task.CompletedTask;

    /// <summary>To be called by one thread at a time.</summary>
    public ClientsView Look(DateTimeOffset now, IReadOnlyDictionary<string, ResourceView> resources)
    {
        var all = nodes is null ? OfThis() : Ask(nodes);
        var holders = resources.Values.Select(resource => resource.Turn?.ConnectionId).ToHashSet(StringComparer.Ordinal);
        return new(
            [.. all.Clients
                .OrderByDescending(client => holders.Contains(client.Id))
                .ThenByDescending(client => client.Waiting)
                .ThenByDescending(client => client.ConnectedAt)
                .Take(MaxClients)
                .Select(client => new ClientView(
                    client.Id,
                    ClientAddress.Of(client.RemoteEndPoint, client.Id),
                    client.Listener,
                    ResourcesOf(client.Listener),
                    now - client.ConnectedAt,
                    client.Requests,
                    client.Waiting,
                    holders.Contains(client.Id),
                    client.Node))],
            all.Total);
    }

    private HeardClients OfThis()
    {
        var all = topology.ListConnections();
        return new(all, all.Count);
    }

    private string ResourcesOf(string listener) =>
        topology.Listeners.TryGetValue(listener, out var known) ? ListenerView.ResourcesOf(known) : "";

    private HeardClients Ask(ClusterNodes nodes)
    {
        if (_asking.IsCompleted && (_askedAt is not { } then || time.GetElapsedTime(then) >= AskEvery))
        {
            _askedAt = time.GetTimestamp();
            _asking = AskAsync(nodes);
            _asking.Observe();
        }

        return _last;
    }

    private async Task AskAsync(ClusterNodes nodes)
    {
        var (listed, total) = await ClusterClients.ListAsync(nodes, MaxClients);
        _last = new(listed, total);
    }

    private sealed record HeardClients(IReadOnlyList<ConnectionEntry> Clients, int Total);
}
