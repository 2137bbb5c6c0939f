using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Takes the snapshots that the page shows: one for all viewers, a few times a second, and none while nobody has the page open.
/// </summary>
internal sealed partial class PageWatch(Topology topology, TurnFeed feed, TimeProvider time, ILogger<PageWatch> logger) : IDisposable
{
    private readonly Lock _sync = new();
    private readonly List<Action<PageSnapshot>> _viewers = [];
    private readonly LogThrottle<Exception> _failures = new(
        time,
        first => LogFailed(logger, first),
        (last, sum) => LogFailedAgain(logger, sum.Count, sum.Seconds, last),
        fold: failure => failure,
        EqualityComparer<Exception>.Create((x, y) => x?.GetType() == y?.GetType(), failure => failure.GetType().GetHashCode()));

    private PageSampler? _sampler;

    /// <summary>Gives each new snapshot to <paramref name="viewer"/> until the returned object is disposed of.</summary>
    public IDisposable Show(Action<PageSnapshot> viewer)
    {
        bool isFirst;
        lock (_sync)
        {
            _viewers.Add(viewer);
            isFirst = _sampler is null;
            _sampler ??= new PageSampler(topology, feed, time, Tell, Fail);
        }

        if (isFirst)
            LogWatched(logger);
        return new PageViewing(this, viewer);
    }

    public void Dispose()
    {
        _sampler?.Dispose();
        _failures.Dispose();
    }

    private void Tell(PageSnapshot snapshot)
    {
        Action<PageSnapshot>[] viewers;
        lock (_sync)
            viewers = [.. _viewers];
        foreach (var viewer in viewers)
        {
            try
            {
                viewer(snapshot);
            }
            catch (Exception exception)
            {
                Fail(exception); // The other viewers get the snapshot all the same.
            }
        }
    }

    private void Fail(Exception exception) => _failures.Add(exception);

    private void Leave(Action<PageSnapshot> viewer)
    {
        lock (_sync)
        {
            if (!_viewers.Remove(viewer) || _viewers.Count > 0)
                return;
            _sampler?.Dispose();
            _sampler = null;
        }

        LogUnwatched(logger, feed.HasReaders);
    }

    [LoggerMessage(600, LogLevel.Debug, "The page is looked at: turns are gathered for it")]
    private static partial void LogWatched(ILogger logger);

    [LoggerMessage(601, LogLevel.Debug, "Nobody looks at the page any more; turns are read by others: {HasReaders}")]
    private static partial void LogUnwatched(ILogger logger, bool hasReaders);

    [LoggerMessage(602, LogLevel.Error, "The page could not be kept up to date, and is tried again")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    [LoggerMessage(603, LogLevel.Error, "The page could not be kept up to date {Count} more times within {Seconds} s, the last time for this")]
    private static partial void LogFailedAgain(ILogger logger, long count, int seconds, Exception exception);

    private sealed class PageViewing(PageWatch watch, Action<PageSnapshot> viewer) : IDisposable
    {
        public void Dispose() => watch.Leave(viewer);
    }
}

/// <summary>Reads the turns as they end, and takes a snapshot every few reads.</summary>
internal sealed class PageSampler : IDisposable
{
    /// <summary>How often turns are read. More than <see cref="Capacity"/> in that time are not looked at one by one.</summary>
    private static readonly TimeSpan ReadEvery = TimeSpan.FromMilliseconds(50);

    private const int Capacity = 4096;
    private const int ReadsPerSnapshot = 8;
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
            resource => resource.Name, resource => new ResourceHistory(resource, [.. topology.RoutesTo(resource)]), StringComparer.OrdinalIgnoreCase);
        _reader = feed.Subscribe(Capacity);
        _timer = new PeriodicTimer(ReadEvery, time);
        RunAsync(show, failed).Observe();
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
                if (reads++ % ReadsPerSnapshot == 0)
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
                    string.Join(", ", _topology.Listeners[client.Listener].Routes.Select(route => route.Resource.Name)),
                    now - client.ConnectedAt,
                    client.Requests,
                    client.Waiting,
                    holders.Contains(client.Id)))],
            all.Count);
    }
}
