namespace SocketSync;

/// <summary>Reads the turns as they end, and from time to time takes a picture of everything.</summary>
internal sealed class PageSampler : IDisposable
{
    /// <summary>How often turns are read; more than <see cref="Capacity"/> in that time are not looked at one by one.</summary>
    private static readonly TimeSpan ReadEvery = TimeSpan.FromMilliseconds(50);

    private const int Capacity = 4096;
    private const int ReadsPerPicture = 8;
    private const int MaxClients = 50;

    private readonly Topology _topology;
    private readonly TimeProvider _time;
    private readonly EventFeedReader<TurnEvent> _reader;
    private readonly Dictionary<string, ResourceHistory> _resources;
    private readonly PeriodicTimer _timer;
    private DateTimeOffset _readAt;
    private long _lost;

    public PageSampler(Topology topology, TurnFeed feed, TimeProvider time, Action<PageSnapshot> show, Action<Exception> failed)
    {
        _topology = topology;
        _time = time;
        _readAt = time.GetUtcNow();
        _resources = topology.Resources.Values.ToDictionary(
            resource => resource.Name, resource => new ResourceHistory(resource, [.. topology.ListenersOf(resource)]), StringComparer.OrdinalIgnoreCase);
        _reader = feed.Subscribe(Capacity);
        _timer = new PeriodicTimer(ReadEvery, time);
        _ = RunAsync(show, failed);
    }

    public void Dispose()
    {
        _timer.Dispose();
        _reader.Dispose();
    }

    private async Task RunAsync(Action<PageSnapshot> show, Action<Exception> failed)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding); // made under the lock of those who look
        var reads = 0;
        do
        {
            try
            {
                Read();
                if (reads++ % ReadsPerPicture == 0)
                    show(Look());
            }
            catch (Exception exception)
            {
                failed(exception); // One picture is lost. The next may come out, and whoever looks waits for it.
            }
        }
        while (await _timer.WaitForNextTickAsync());
    }

    private void Read()
    {
        var now = _time.GetUtcNow();
        var count = 0;
        // Not more than there was room for: at a high rate it would go on for ever.
        while (count < Capacity && _reader.Events.TryRead(out var turn))
        {
            count++;
            if (_resources.TryGetValue(turn.Resource, out var resource))
                resource.Add(turn);
        }

        var lost = _reader.Lost - _lost;
        _lost += lost;
        foreach (var resource in _resources.Values)
            resource.EndBatch(lost / (double)Math.Max(1, count), _readAt, now);
        _readAt = now;
    }

    private PageSnapshot Look()
    {
        var now = _time.GetUtcNow();
        var resources = _resources.ToDictionary(resource => resource.Key, resource => resource.Value.Look(now), StringComparer.OrdinalIgnoreCase);
        return new(now, _topology.Phase, resources, Clients(now, resources));
    }

    private ClientsView Clients(DateTimeOffset now, Dictionary<string, ResourceView> resources)
    {
        var holders = resources.Values.Select(resource => resource.Turn?.ConnectionId).ToHashSet(StringComparer.Ordinal);
        var all = _topology.ListConnections();
        return new(
            [.. all
                .OrderByDescending(client => holders.Contains(client.Id))
                .ThenByDescending(client => client.Waiting)
                .ThenByDescending(client => client.ConnectedAt)
                .Take(MaxClients)
                .Select(client => new ClientView(
                    client.Id,
                    ClientAddress.Of(client.RemoteEndPoint, client.Id),
                    client.Listener,
                    _topology.Listeners[client.Listener].Resource.Name,
                    now - client.ConnectedAt,
                    client.Requests,
                    client.Waiting,
                    holders.Contains(client.Id)))],
            all.Count);
    }
}
