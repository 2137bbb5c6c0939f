using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace SocketSync;

/// <summary>
/// The finished turns of all nodes. The feeds of the others are read only while somebody reads here; on a server that is alone there is
/// just its own.
/// </summary>
internal sealed class ClusterTurns : IDisposable
{
    private readonly TurnFeed _own;
    private readonly ClusterNodes? _nodes;
    private readonly EventFeed<TurnEvent> _others = new();
    private readonly Lock _sync = new();
    private readonly Dictionary<string, CancellationTokenSource> _read = new(StringComparer.OrdinalIgnoreCase);

    public ClusterTurns(TurnFeed own, ClusterNodes? nodes = null)
    {
        (_own, _nodes) = (own, nodes);
        if (nodes is not null)
            nodes.Ticked += OnTick;
    }

    /// <summary>Whether turns of this node are read, by whomever.</summary>
    public bool HasReaders => _own.HasReaders;

    /// <param name="capacity">How many turns are kept for a slow reader.</param>
    public EventFeedReader<TurnEvent> Subscribe(int capacity)
    {
        var reader = _own.Subscribe(capacity);
        if (_nodes is null)
            return reader;
        _others.Add(reader);
        Tend();
        return reader;
    }

    public void Dispose()
    {
        if (_nodes is not null)
            _nodes.Ticked -= OnTick;
        lock (_sync)
            Stop(_read.Keys);
    }

    private void OnTick(object? sender, EventArgs e) => Tend();

    /// <summary>Begins to read nodes that are read no more or not yet, and leaves all when nobody reads here.</summary>
    private void Tend()
    {
        lock (_sync)
        {
            var wanted = _others.HasReaders ? _nodes!.Reachable : [];
            Stop(_read.Keys.Except(wanted, StringComparer.OrdinalIgnoreCase));
            foreach (var node in wanted.Where(node => !_read.ContainsKey(node)))
            {
                var end = new CancellationTokenSource();
                _read.Add(node, end);
                ReadAsync(node, end).Observe();
            }
        }
    }

    private void Stop(IEnumerable<string> nodes)
    {
        foreach (var node in nodes.ToList())
        {
            _read.Remove(node, out var end);
            end!.Cancel(); // and disposed of by the reader
        }
    }

    private async Task ReadAsync(string node, CancellationTokenSource end)
    {
        await Dispatcher.HopToPool(); // the caller holds the lock
        try
        {
            await foreach (var (events, lost) in RemoteFeed.ReadAsync(_nodes!.View, node, NodeFeed.Turns, "", EventJson.Default.FeedBatchTurnEvent, end.Token))
            {
                foreach (var turn in events)
                    _others.Publish(turn);
                if (lost > 0)
                    _others.Lose(lost);
            }
        }
        finally
        {
            lock (_sync)
            {
                if (_read.TryGetValue(node, out var current) && current == end)
                    _read.Remove(node); // the next tick begins anew
            }

            end.Dispose();
        }
    }
}

/// <summary>Reads what another node publishes.</summary>
internal static class RemoteFeed
{
    /// <summary>Reads batches until the node is lost, or the reader leaves; then it ends, and does not throw.</summary>
    public static async IAsyncEnumerable<FeedBatch<T>> ReadAsync<T>(
        IClusterView view,
        string node,
        string feed,
        string argument,
        JsonTypeInfo<FeedBatch<T>> type,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var batches = view.ReadAsync(node, feed, argument, cancellationToken).GetAsyncEnumerator(cancellationToken);
        while (true)
        {
            FeedBatch<T>? batch;
            try
            {
                if (!await batches.MoveNextAsync())
                    yield break;
                batch = JsonSerializer.Deserialize(batches.Current, type);
            }
            catch (Exception)
            {
                yield break; // the node is gone, or the reader is; the caller tries again while it has a reason to
            }

            if (batch is { Events: not null })
                yield return batch;
        }
    }
}
