using System.Threading.Channels;

namespace SocketSync;

/// <summary>One who reads a <see cref="Feed{T}"/>, until it is disposed of. One that is slow loses the oldest.</summary>
internal sealed class FeedReader<T> : IDisposable
{
    private readonly Feed<T> _feed;
    private readonly Channel<T> _channel;
    private long _lost;

    public FeedReader(Feed<T> feed, int capacity)
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
