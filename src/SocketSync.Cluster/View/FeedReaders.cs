namespace SocketSync;

/// <summary>
/// The feeds of this node that others read, a batch a call. One that does not come again, since its node is gone or has no reader any
/// more, is forgotten.
/// </summary>
internal sealed class FeedReaders(LocalNode local, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan ForgetAfter = TimeSpan.FromSeconds(5);

    private readonly Lock _sync = new();
    private readonly Dictionary<string, FeedReader> _readers = new(StringComparer.Ordinal);

    /// <summary>How many feeds are read.</summary>
    public int Count
    {
        get
        {
            lock (_sync)
                return _readers.Count;
        }
    }

    /// <returns>The next batch; empty at the end of the feed.</returns>
    public async Task<string> ReadAsync(string name, string feed, string argument)
    {
        FeedReader? reader;
        lock (_sync)
        {
            if (!_readers.TryGetValue(name, out reader))
                _readers.Add(name, reader = new FeedReader(local, feed, argument, time, () => Forget(name)));
        }

        var batch = await reader.NextAsync(ForgetAfter);
        if (batch is null)
            Forget(name);
        return batch ?? "";
    }

    public void Dispose()
    {
        List<string> names;
        lock (_sync)
            names = [.. _readers.Keys];
        names.ForEach(Forget);
    }

    private void Forget(string name)
    {
        FeedReader? reader;
        lock (_sync)
            _readers.Remove(name, out reader);
        reader?.DisposeAsync().AsTask().Observe();
    }

    private sealed class FeedReader : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private readonly SemaphoreSlim _one = new(1, 1); // a call that was repeated finds the one before it
        private readonly IAsyncEnumerator<string> _batches;
        private readonly ITimer _forget;

        public FeedReader(LocalNode local, string feed, string argument, TimeProvider time, Action forget)
        {
            _batches = local.Read(feed, argument, _end.Token).GetAsyncEnumerator(_end.Token);
            _forget = time.CreateTimer(_ => forget(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        /// <returns><see langword="null"/> at the end.</returns>
        public async Task<string?> NextAsync(TimeSpan forgetAfter)
        {
            await _one.WaitAsync();
            try
            {
                _forget.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                return await _batches.MoveNextAsync() ? _batches.Current : null;
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return null;
            }
            finally
            {
                _forget.Change(forgetAfter, Timeout.InfiniteTimeSpan);
                _one.Release();
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _one.WaitAsync();
            await _forget.DisposeAsync();
            await _batches.DisposeAsync();
            _end.Dispose();
            _one.Release(); // and not disposed of: a call that waits for it finds the end
        }
    }
}
