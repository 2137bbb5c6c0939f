namespace SocketSync;

/// <summary>This node's way to the lease of one resource: waits until it may be taken, and takes it.</summary>
internal sealed class ResourceLease(NodeLeases node, string resource)
{
    private readonly OwnWrites _writes = new(node.Store, resource);
    private LeaseTerm? _term;
    private long _known;
    private TaskCompletionSource? _look;
    private volatile bool _isTold;

    /// <summary>
    /// Waits until nobody can own the resource any more, and takes it: at once if its owner has given it up, or if it was this process;
    /// else after the record has been seen unchanged for as long as a lease and the margin. While the store is away it goes on trying.
    /// Not to be called while an earlier term lasts, nor by two at once.
    /// </summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled; the resource is not taken.</exception>
    public async Task<LeaseTerm> AcquireAsync(CancellationToken cancellationToken)
    {
        if (_term is { IsValid: true })
            throw new InvalidOperationException($"the term of {resource} has not ended");
        try
        {
            return await WatchAsync(cancellationToken);
        }
        finally
        {
            // The caller's code is not for the thread of the timers, nor for the store's.
            await Dispatcher.LeaveIoThread();
        }
    }

    /// <summary>Its owner is said to have given it up: whoever waits for it looks now, and not at its own pace.</summary>
    public void LookNow()
    {
        _isTold = true;
        Volatile.Read(ref _look)?.TrySetResult();
    }

    /// <summary><see cref="AcquireAsync"/>, which ends on whatever thread is at hand.</summary>
    internal async Task<LeaseTerm> WatchAsync(CancellationToken cancellationToken)
    {
        // What is still on its way makes a version that must be known as our own.
        if (_term is { } earlier)
            await earlier.Settled;
        var watch = new LeaseWatch(node.Clock.Time, node.Times);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                if (await TryAcquireAsync(watch, cancellationToken) is { } term)
                    return term;
            }
            catch (ClusterStoreException error)
            {
                watch.Restart();
                node.Log.StoreFailed(error);
            }

            await WaitAsync(watch.NextLook, cancellationToken);
            _isTold = false;
        }
    }

    private async Task WaitAsync(TimeSpan time, CancellationToken cancellationToken)
    {
        // Inline: the simulation of the lease has one thread, and what follows here is but a question to the store.
        var look = new TaskCompletionSource();
        using var timer = node.Clock.Time.CreateTimer(static look => ((TaskCompletionSource)look!).TrySetResult(), look, time, Timeout.InfiniteTimeSpan);
        using var cancelled = cancellationToken.UnsafeRegister(static (look, token) => ((TaskCompletionSource)look!).TrySetCanceled(token), look);
        Volatile.Write(ref _look, look);
        // While the store was being asked: it may have answered before that became true.
        if (_isTold)
            look.TrySetResult();
        await look.Task;
    }

    private async Task<LeaseTerm?> TryAcquireAsync(LeaseWatch watch, CancellationToken cancellationToken)
    {
        if (await ReadAsync(cancellationToken) is not { } seen)
            return null;
        var isOwn = _writes.Contains(seen.ETag);
        if (!isOwn)
            _writes.Forget();
        if (!watch.Saw(seen.ETag, node.Store.Interruptions) && !isOwn && !seen.Record.IsReleased)
            return null;

        // From before the write: another node may see the record, and start to count, as soon as it is sent.
        var begun = node.Clock.Now;
        var record = new LeaseRecord(node.Node, node.Instance, NextEpoch(), IsReleased: false);
        if (await _writes.TryWriteAsync(record, seen.ETag) is not { } etag)
        {
            watch.Restart();
            return null;
        }

        _known = record.Epoch;
        if (!isOwn && seen.Record is { IsReleased: false, IsLost: false })
            TookOver(seen.Record);
        var term = _term = new LeaseTerm(node, resource, _writes, record, etag, begun);
        if (cancellationToken.IsCancellationRequested)
            await term.ReleaseAsync();
        cancellationToken.ThrowIfCancellationRequested();
        term.Start();
        return term.IsValid ? term : null;
    }

    /// <summary>The record; where there is none, one that counts as held is written in its place.</summary>
    private async Task<StoredLease?> ReadAsync(CancellationToken cancellationToken)
    {
        if (await node.Store.ReadAsync(resource, cancellationToken) is { } seen)
        {
            _known = Math.Max(_known, seen.Record.Epoch);
            return seen;
        }

        var lost = LeaseRecord.Lost(_known);
        return await node.Store.TryWriteAsync(resource, lost, expectedETag: null, cancellationToken) is { } etag ? new(lost, etag) : null;
    }

    private void TookOver(LeaseRecord from)
    {
        node.Metrics.TookOver(resource);
        node.Log.TookOver(resource, from);
    }

    /// <summary>
    /// Greater than all that are known, and never less than the time: a store that lost its data, or went back to older ones, knows
    /// less than there was.
    /// </summary>
    private long NextEpoch() => Math.Max(_known + 1, node.Clock.MillisecondsSince1970);
}
