using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Takes the snapshots that the page shows: one for all viewers, a few times a second, and none while nobody has the page open.
/// </summary>
internal sealed partial class PageWatch(
    Topology topology, ClusterTurns feed, TimeProvider time, ILogger<PageWatch> logger, ClusterNodes? nodes = null) : IDisposable
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
            _sampler ??= new PageSampler(topology, feed, time, Tell, Fail, nodes);
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
