using System.Threading.Channels;

namespace SocketSync;

/// <summary>
/// Publishes events to subscribers, of which there are usually none. Publishers check <see cref="HasReaders"/> first, so that an
/// unread feed costs one field read. Publishing never waits for a reader.
/// </summary>
internal class EventFeed<T>
{
    private readonly Lock _sync = new();
    private volatile EventFeedReader<T>[] _readers = [];

    public bool HasReaders => _readers.Length > 0;

    public int ReaderCount => _readers.Length;

    public void Publish(in T item)
    {
        foreach (var reader in _readers)
            reader.Offer(item);
    }

    /// <param name="capacity">How many events are buffered for the reader; when the buffer is full, the oldest is dropped.</param>
    public EventFeedReader<T> Subscribe(int capacity)
    {
        var reader = new EventFeedReader<T>(capacity);
        Add(reader);
        return reader;
    }

    /// <summary>Gives these events to a reader of another feed too, until it is disposed.</summary>
    public void Add(EventFeedReader<T> reader)
    {
        lock (_sync)
            _readers = [.. _readers, reader];
        reader.Follow(this);
    }

    /// <summary>Tells the readers of events that were lost before they could be published here.</summary>
    public void Lose(long count)
    {
        foreach (var reader in _readers)
            reader.Lose(count);
    }

    internal void Unsubscribe(EventFeedReader<T> reader)
    {
        lock (_sync)
            _readers = [.. _readers.Where(other => other != reader)];
    }
}

/// <summary>A subscriber of an <see cref="EventFeed{T}"/>, until it is disposed. A slow reader loses the oldest events.</summary>
internal sealed class EventFeedReader<T> : IDisposable
{
    private readonly Channel<T> _channel;
    private readonly List<EventFeed<T>> _feeds = new(1); // changed only by whoever subscribes, before it reads
    private long _lost;

    public EventFeedReader(int capacity)
    {
        var options = new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true };
        _channel = Channel.CreateBounded<T>(options, _ => Interlocked.Increment(ref _lost));
    }

    /// <summary>The events; completes when the reader is disposed.</summary>
    public ChannelReader<T> Events => _channel.Reader;

    /// <summary>How many events were dropped because the reader was too slow.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    public void Dispose()
    {
        foreach (var feed in _feeds)
            feed.Unsubscribe(this);
        _channel.Writer.TryComplete();
    }

    internal void Follow(EventFeed<T> feed) => _feeds.Add(feed);

    internal void Lose(long count) => Interlocked.Add(ref _lost, count);

    internal void Offer(in T item) => _channel.Writer.TryWrite(item);
}
