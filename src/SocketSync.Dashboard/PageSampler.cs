using System.Collections.Frozen;

namespace SocketSync;

/// <summary>Reads the turns as they end, and takes a snapshot every few reads.</summary>
internal sealed class PageSampler : IDisposable
{
    /// <summary>How often turns are read. More than <see cref="Capacity"/> in that time are not looked at one by one.</summary>
    private static readonly TimeSpan ReadEvery = TimeSpan.FromMilliseconds(50);

    private const int Capacity = 4096;
    private const int ReadsPerSnapshot = 8;

    private readonly Topology _topology;
    private readonly TimeProvider _time;
    private readonly ServerStart _start;
    private readonly ClusterNodes? _nodes;
    private readonly JournalDay? _day;
    private readonly PageClients _clients;
    private readonly EventFeedReader<TurnEvent> _reader;
    private readonly Dictionary<string, ResourceHistory> _resources;
    private readonly PeriodicTimer _timer;
    private volatile IReadOnlySet<string> _opened = FrozenSet<string>.Empty;
    private bool _isDue;
    private DateTimeOffset _readAt;
    private long _lost;

    public PageSampler(
        Topology topology, ClusterTurns feed, TimeProvider time, ServerStart start, Action<PageSnapshot> show, Action<Exception> failed, ClusterNodes? nodes = null, JournalDay? day = null)
    {
        _topology = topology;
        _time = time;
        _start = start;
        _nodes = nodes;
        _day = day;
        _clients = new PageClients(topology, time, nodes);
        _readAt = time.GetUtcNow();
        _resources = topology.Resources.Values.ToDictionary(
            resource => resource.Name, resource => new ResourceHistory(resource, _readAt), StringComparer.OrdinalIgnoreCase);
        _reader = feed.Subscribe(Capacity);
        _timer = new PeriodicTimer(ReadEvery, time);
        RunAsync(show, failed).Observe();
    }

    /// <summary>Of these resources the snapshots have details. The next one is taken at once, because somebody waits for it.</summary>
    public void Open(IReadOnlySet<string> resources)
    {
        _opened = resources;
        Volatile.Write(ref _isDue, true);
    }

    public void Dispose()
    {
        _timer.Dispose();
        _reader.Dispose();
    }

    private async Task RunAsync(Action<PageSnapshot> show, Action<Exception> failed)
    {
        await Dispatcher.HopToPool(); // the constructor runs under the lock of PageWatch
        var reads = 0;
        do
        {
            try
            {
                Read();
                if (Interlocked.Exchange(ref _isDue, false) | reads++ % ReadsPerSnapshot == 0)
                    show(Look());
            }
            catch (Exception exception)
            {
                failed(exception); // One snapshot is lost. The next may succeed, and the viewers wait for it.
            }
        }
        while (await _timer.WaitForNextTickAsync());
    }

    private void Read()
    {
        var now = _time.GetUtcNow();
        var count = 0;
        // No more than the capacity: at a high rate it would never end.
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
        var sights = _nodes?.Look();
        var resources = _resources.ToDictionary(resource => resource.Key, resource => Look(now, resource.Key, resource.Value, sights), StringComparer.OrdinalIgnoreCase);
        return new(TimeZoneInfo.ConvertTime(now, _time.LocalTimeZone), _topology.Phase, ServerView.Of(_topology, _start.Uptime), resources, _clients.Look(now, resources), sights is null ? null : Nodes(_nodes!.Name, sights));
    }

    private ResourceView Look(DateTimeOffset now, string name, ResourceHistory history, IReadOnlyList<NodeSight>? sights)
    {
        var isOpened = _opened.Contains(name);
        var view = LookNow(now, name, history, sights, isOpened);
        return view.Detail is { } detail && _day?.Of(name) is { } day ? view with { Detail = detail with { Day = day } } : view;
    }

    private ResourceView LookNow(DateTimeOffset now, string name, ResourceHistory history, IReadOnlyList<NodeSight>? sights, bool isOpened)
    {
        if (sights is null)
            return history.Look(now, isOpened, RequestCounts.Of(_topology.RoutesTo(_topology.Resources[name])));
        var counts = default(RequestCounts);
        foreach (var node in sights)
        {
            if (node.Report?.Of(name)?.Status is { } status)
                counts += RequestCounts.Of(status);
        }

        var owner = _nodes!.OwnerOf(name);
        return history.Look(now, isOpened, counts, new(owner?.Node, owner?.Epoch, owner is { Report: null }, owner is { IsSilent: true }), owner?.Report);
    }

    private static NodesView Nodes(string own, IReadOnlyList<NodeSight> sights) => new(own, [.. sights.Select(node => new NodeView(
        node.Name, node.State, node.SinceHeard, node.Report?.Version, node.State == NodeState.Gone ? 0 : node.Report?.Owned ?? 0, node.State == NodeState.Gone ? 0 : node.Report?.Connections ?? 0))]);
}
