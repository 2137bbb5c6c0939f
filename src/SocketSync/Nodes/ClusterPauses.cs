using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Which resources operators want to be paused. Every node keeps every wish and applies it to its own gate, whether it owns the resource
/// or not, so that a pause outlives the node that had it: the next owner's gate is paused already. Wishes travel with the reports.
/// They are not written anywhere: as on a server that is alone, they end when all nodes are started anew.
/// </summary>
internal sealed partial class ClusterPauses(Topology topology, SocketSyncOptions options, TimeProvider time, ILogger<ClusterPauses> logger)
{
    private readonly Lock _sync = new();
    private readonly Dictionary<string, PauseWish> _wishes = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>All wishes that this node has heard of.</summary>
    public IReadOnlyDictionary<string, PauseWish> All
    {
        get
        {
            lock (_sync)
                return new Dictionary<string, PauseWish>(_wishes, StringComparer.OrdinalIgnoreCase);
        }
    }

    /// <summary>An operator wants this of a resource from now on.</summary>
    /// <returns>The wish, for the other nodes.</returns>
    public PauseWish Wish(string resource, bool isPaused)
    {
        lock (_sync)
        {
            // Later than what it replaces, also where this machine's clock is behind that of the node where the last wish was made.
            var stamp = Math.Max(time.GetUtcNow().UtcTicks, _wishes.GetValueOrDefault(resource)?.Stamp + 1 ?? 0);
            var wish = new PauseWish(isPaused, stamp, options.Cluster.Node);
            Take(resource, wish);
            return wish;
        }
    }

    /// <summary>Another node has told its wishes.</summary>
    public void Merge(IReadOnlyDictionary<string, PauseWish>? wishes)
    {
        if (wishes is null)
            return;
        lock (_sync)
        {
            foreach (var (resource, wish) in wishes)
            {
                if (!_wishes.TryGetValue(resource, out var known) || IsNewer(wish, known))
                {
                    Take(resource, wish);
                    LogHeard(logger, resource, wish.IsPaused ? "paused" : "resumed", wish.Node);
                }
            }
        }
    }

    // Two nodes may be asked in the same instant: then all must take the same one of the two.
    private static bool IsNewer(PauseWish wish, PauseWish known) =>
        wish.Stamp > known.Stamp || (wish.Stamp == known.Stamp && string.CompareOrdinal(wish.Node, known.Node) > 0);

    private void Take(string resource, PauseWish wish)
    {
        _wishes[resource] = wish;
        if (!topology.Resources.TryGetValue(resource, out var found))
            return;
        if (wish.IsPaused)
            found.Gate.Pause();
        else
            found.Gate.Resume();
    }

    [LoggerMessage(540, LogLevel.Information, "Resource {Resource} is {What} by an operator at node {Node}")]
    private static partial void LogHeard(ILogger logger, string resource, string what, string? node);
}
