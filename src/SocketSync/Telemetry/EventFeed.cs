using System.Threading.Channels;

namespace SocketSync;

/// <summary>
/// Hands what happens to those who want to know, at the moment mostly nobody. The one who publishes asks
/// <see cref="HasReaders"/> first, so that an unread feed costs one read of a field; it never waits for a reader.
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

    /// <param name="capacity">So much is kept for the reader; of more, the oldest is lost.</param>
    public EventFeedReader<T> Subscribe(int capacity)
    {
        var reader = new EventFeedReader<T>(this, capacity);
        lock (_sync)
            _readers = [.. _readers, reader];
        return reader;
    }

    internal void Unsubscribe(EventFeedReader<T> reader)
    {
        lock (_sync)
            _readers = [.. _readers.Where(other => other != reader)];
    }
}

/// <summary>One who reads a <see cref="EventFeed{T}"/>, until it is disposed of. One that is slow loses the oldest.</summary>
internal sealed class EventFeedReader<T> : IDisposable
{
    private readonly EventFeed<T> _feed;
    private readonly Channel<T> _channel;
    private long _lost;

    public EventFeedReader(EventFeed<T> feed, int capacity)
    {
        _feed = feed;
        var options = new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true };
        _channel = Channel.CreateBounded<T>(options, _ => Interlocked.Increment(ref _lost));
    }

    /// <summary>Completed when the reader is disposed of.</summary>
    public ChannelReader<T> Events => _channel.Reader;

    /// <summary>How many were lost since the beginning, since the reader was too slow.</summary>
    public long Lost => Interlocked.Read(ref _lost);

    public void Dispose()
    {
        _feed.Unsubscribe(this);
        _channel.Writer.TryComplete();
    }

    internal void Offer(in T item) => _channel.Writer.TryWrite(item);
}
