using System.Collections.Frozen;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Takes the snapshots that the page shows: one for all viewers, a few times a second, and none while nobody has the page open.
/// </summary>
internal sealed partial class PageWatch(
    Topology topology, ClusterTurns feed, TimeProvider time, ServerStart start, ILogger<PageWatch> logger, ClusterNodes? nodes = null, JournalDay? day = null) : IDisposable
{
    private readonly Lock _sync = new();
    private readonly List<PageViewing> _viewers = [];
    private readonly LogThrottle<Exception> _failures = new(
        time,
        first => LogFailed(logger, first),
        (last, sum) => LogFailedAgain(logger, sum.Count, sum.Seconds, last),
        fold: failure => failure,
        EqualityComparer<Exception>.Create((x, y) => x?.GetType() == y?.GetType(), failure => failure.GetType().GetHashCode()));

    private PageSampler? _sampler;

    /// <summary>Gives each new snapshot to a viewer until the returned object is disposed of.</summary>
    public PageViewing Show(Action<PageSnapshot> show)
    {
        var viewing = new PageViewing(this, show);
        bool isFirst;
        lock (_sync)
        {
            _viewers.Add(viewing);
            isFirst = _sampler is null;
            _sampler ??= new PageSampler(topology, feed, time, start, Tell, Fail, nodes, day);
        }

        if (isFirst)
            LogWatched(logger);
        return viewing;
    }

    /// <summary>The resources whose details a viewer looks at, in place of those before.</summary>
    public void Open(PageViewing viewing, IEnumerable<string> resources)
    {
        lock (_sync)
        {
            viewing.Opened = [.. resources];
            OpenForAll();
        }
    }

    public void Leave(PageViewing viewing)
    {
        lock (_sync)
        {
            if (!_viewers.Remove(viewing))
                return;
            OpenForAll();
            if (_viewers.Count > 0)
                return;
            _sampler?.Dispose();
            _sampler = null;
        }

        LogUnwatched(logger, feed.HasReaders);
    }

    public void Dispose()
    {
        _sampler?.Dispose();
        _failures.Dispose();
    }

    private void Tell(PageSnapshot snapshot)
    {
        PageViewing[] viewers;
        lock (_sync)
            viewers = [.. _viewers];
        foreach (var viewer in viewers)
        {
            try
            {
                viewer.Show(snapshot);
            }
            catch (Exception exception)
            {
                Fail(exception); // The other viewers get the snapshot all the same.
            }
        }
    }

    private void Fail(Exception exception) => _failures.Add(exception);

    /// <summary>Under the lock.</summary>
    private void OpenForAll() => _sampler?.Open(_viewers.SelectMany(viewer => viewer.Opened).ToFrozenSet(StringComparer.OrdinalIgnoreCase));

    [LoggerMessage(600, LogLevel.Debug, "The page is looked at: turns are gathered for it")]
    private static partial void LogWatched(ILogger logger);

    [LoggerMessage(601, LogLevel.Debug, "Nobody looks at the page any more; turns are read by others: {HasReaders}")]
    private static partial void LogUnwatched(ILogger logger, bool hasReaders);

    [LoggerMessage(602, LogLevel.Error, "The page could not be kept up to date, and is tried again")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    [LoggerMessage(603, LogLevel.Error, "The page could not be kept up to date {Count} more times within {Seconds} s, the last time for this")]
    private static partial void LogFailedAgain(ILogger logger, long count, int seconds, Exception exception);
}

/// <summary>One viewer's page.</summary>
internal sealed class PageViewing(PageWatch watch, Action<PageSnapshot> show) : IDisposable
{
    /// <summary>The resources whose details it shows. Written by <see cref="PageWatch"/>.</summary>
    public IReadOnlyList<string> Opened { get; set; } = [];

    public void Show(PageSnapshot snapshot) => show(snapshot);

    /// <summary>From now on the snapshots have the details of these resources.</summary>
    public void Open(IEnumerable<string> resources) => watch.Open(this, resources);

    public void Dispose() => watch.Leave(this);
}
