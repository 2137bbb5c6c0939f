namespace SocketSync;

/// <summary>The bytes of a resource's requests and replies, on whichever node it is: followed there when it moves.</summary>
internal sealed class ClusterTrace(ClusterNodes? nodes = null)
{
    /// <summary>Reads the trace until <paramref name="end"/>.</summary>
    /// <param name="resource">The resource.</param>
    /// <param name="capacity">How many entries are kept for a slow reader.</param>
    /// <param name="end">The reader has left.</param>
    public EventFeedReader<TraceEntry> Subscribe(SharedResource resource, int capacity, CancellationToken end)
    {
        var reader = resource.Telemetry.Trace.Subscribe(capacity);
        if (nodes is not null)
            FollowAsync(nodes, resource.Name, reader, end).Observe();
        return reader;
    }

    private static async Task FollowAsync(ClusterNodes nodes, string resource, EventFeedReader<TraceEntry> reader, CancellationToken end)
    {
        await Dispatcher.HopToPool();
        while (!end.IsCancellationRequested)
        {
            if (nodes.OwnerOf(resource) is { Report: not null } owner)
                await ReadAsync(nodes, owner.Node, resource, reader, end);
            await Task.Delay(ClusterNodes.Period, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task ReadAsync(ClusterNodes nodes, string node, string resource, EventFeedReader<TraceEntry> reader, CancellationToken end)
    {
        await foreach (var (entries, lost) in RemoteFeed.ReadAsync(nodes.View, node, NodeFeed.Trace, resource, EventJson.Default.FeedBatchTraceEntry, end))
        {
            foreach (var entry in entries)
                reader.Offer(entry);
            reader.Lose(lost);
            if (nodes.OwnerOf(resource)?.Node != node)
                return; // it lives elsewhere by now
        }
    }
}
