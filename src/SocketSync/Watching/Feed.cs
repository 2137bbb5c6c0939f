namespace SocketSync;

/// <summary>
/// Hands what happens to those who want to know, at the moment mostly nobody. The one who publishes asks
/// <see cref="HasReaders"/> first, so that an unread feed costs one read of a field; it never waits for a reader.
/// </summary>
internal class Feed<T>
{
    private readonly Lock _sync = new();
    private volatile FeedReader<T>[] _readers = [];

    public bool HasReaders => _readers.Length > 0;

    public int ReaderCount => _readers.Length;

    public void Publish(in T item)
    {
        foreach (var reader in _readers)
            reader.Offer(item);
    }

    /// <param name="capacity">So much is kept for the reader; of more, the oldest is lost.</param>
    public FeedReader<T> Subscribe(int capacity)
    {
        var reader = new FeedReader<T>(this, capacity);
        lock (_sync)
            _readers = [.. _readers, reader];
        return reader;
    }

    internal void Unsubscribe(FeedReader<T> reader)
    {
        lock (_sync)
            _readers = [.. _readers.Where(other => other != reader)];
    }
}
