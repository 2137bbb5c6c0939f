using System.Diagnostics.CodeAnalysis;

namespace SocketSync;

/// <summary>How a term has ended.</summary>
internal enum LeaseEnd
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>It could not be renewed in time.</summary>
    Expired,

    /// <summary>The record in the store was found to be another node's.</summary>
    Overtaken,

    /// <summary>This node has ended it.</summary>
    GivenUp,
}

/// <summary>
/// The term of a resource that several nodes may own, by a lease: valid until the instant before the last successful write began,
/// and the lease. It is renewed every quarter of that by compare-and-swap.
/// </summary>
/// <remarks>
/// Nothing but the clocks makes it valid: when timers, the thread pool or the store are late, it ends. All that changes is one reference,
/// so that whoever asks takes no lock.
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "The sources have no timers, and are cancelled in the end.")]
internal sealed class LeaseTerm : Term
{
    // Long before any clock began, and not so long that differences overflow.
    private static readonly LeaseInstant Over = new(long.MinValue / 4, long.MinValue / 4, long.MinValue / 4);

    private readonly NodeLeases _node;
    private readonly string _resource;
    private readonly OwnWrites _writes;
    private readonly LeaseRecord _record;
    private readonly LeaseClock _clock;
    private readonly CancellationTokenSource _ending = new();
    private readonly CancellationTokenSource _ended = new();

    private readonly Lock _sync = new();
    private readonly ITimer _timer;
    private LeaseInstant _until;
    private string _etag;
    private long _nextRenewal; // by the monotonic clock
    private TaskCompletionSource? _renewal;
    private TaskCompletionSource? _release;
    private bool _isEnding;

    /// <param name="node">What the leases have in common.</param>
    /// <param name="resource">The resource's name.</param>
    /// <param name="writes">Writes the record.</param>
    /// <param name="record">The record that was written.</param>
    /// <param name="etag">Its version.</param>
    /// <param name="begun">The instant before that write began.</param>
    public LeaseTerm(NodeLeases node, string resource, OwnWrites writes, LeaseRecord record, string etag, LeaseInstant begun)
    {
        _node = node;
        _resource = resource;
        _writes = writes;
        _record = record;
        _etag = etag;
        _clock = node.Clock;
        _until = _clock.After(begun, node.Times.Lease);
        _nextRenewal = begun.Monotonic + _clock.Time.ToTimestampTicks(node.Times.RenewEvery);
        // What the caller has in its context, as a request or a grain, is not for the renewals.
        using (ExecutionContext.SuppressFlow())
            _timer = _clock.Time.CreateTimer(static me => ((LeaseTerm)me!).OnTimer(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override long Epoch => _record.Epoch;

    public override TimeSpan? Lease => _node.Times.Lease;

    /// <inheritdoc/>
    /// <remarks>Reads the clocks: it is right also when this process was stopped and continued a moment ago.</remarks>
    public override bool IsValid
    {
        get
        {
            while (true)
            {
                var until = Volatile.Read(ref _until);
                if (_clock.IsBefore(until))
                    return true;
                if (ReferenceEquals(until, Over) || TryEnd(until, LeaseEnd.Expired))
                    return false;
            }
        }
    }

    /// <summary>
    /// Fires on the pool shortly before the end, if the term was not renewed by then: whoever uses the resource is to be cancelled. It
    /// is not renewed any more.
    /// </summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Fires on the pool at the end, however it came; <see cref="IsValid"/> is <see langword="false"/> by then.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>How it has ended.</summary>
    public LeaseEnd End { get; private set; }

    /// <summary>Completes when no write is on its way.</summary>
    internal Task Settled
    {
        get
        {
            lock (_sync)
                return (_release ?? _renewal)?.Task ?? Task.CompletedTask;
        }
    }

    /// <summary>Starts the renewals.</summary>
    public void Start() => SetTimer();

    /// <summary>Ends it here and now; the record stays as it is, and the next owner waits.</summary>
    public void Abandon() => Finish(LeaseEnd.GivenUp);

    /// <summary>Gives the resource up: no turn may be in progress. The next owner need not wait.</summary>
    public async Task ReleaseAsync()
    {
        Finish(LeaseEnd.GivenUp);
        TaskCompletionSource? release = null;
        Task renewal;
        lock (_sync)
        {
            renewal = _renewal?.Task ?? Task.CompletedTask;
            if (_release is null)
                release = _release = new();
        }

        if (release is not null)
            ReleaseAsync(release, renewal).Observe();
        await Settled;
        // The caller's code is not for the thread of the timers, nor for the store's.
        await Dispatcher.LeaveIoThread();
    }

    private async Task ReleaseAsync(TaskCompletionSource release, Task renewal)
    {
        try
        {
            await renewal;
            if (End != LeaseEnd.Overtaken)
                await TryReleaseAsync();
        }
        catch (ClusterStoreException error)
        {
            _node.Log.NotReleased(_resource, error.Message);
        }
        finally
        {
            release.SetResult();
        }
    }

    private async Task TryReleaseAsync()
    {
        while (await _writes.TryWriteAsync(_record with { IsReleased = true }, _etag) is null)
        {
            if (await _node.Store.ReadAsync(_resource, CancellationToken.None) is not { } seen || seen.Record != _record)
                return;
            _etag = seen.ETag;
        }
    }

    private void OnTimer()
    {
        TaskCompletionSource? renewal = null;
        lock (_sync)
        {
            if (!IsValid)
                return;
            if (_clock.Until(_until) <= _node.Times.Warning)
            {
                _isEnding = true;
                _ending.CancelInBackground();
            }
            else if (_renewal is null && _clock.Time.GetTimestamp() >= _nextRenewal)
            {
                renewal = _renewal = new();
            }
        }

        if (renewal is not null)
            RenewAsync(renewal).Observe();
        SetTimer();
    }

    /// <summary>To what comes next: a renewal, the warning or the end.</summary>
    private void SetTimer()
    {
        lock (_sync)
        {
            var due = _clock.Until(_until);
            if (!_isEnding)
            {
                due -= _node.Times.Warning;
                if (_renewal is null)
                    due = Min(due, _clock.Time.GetElapsedTime(_clock.Time.GetTimestamp(), _nextRenewal));
            }

            // Rounded up: a timer that fires too early would only have to be set again.
            if (!ReferenceEquals(_until, Over))
                _timer.Change(TimeSpan.FromMilliseconds(Math.Max(0, Math.Ceiling(due.TotalMilliseconds))), Timeout.InfiniteTimeSpan);
        }
    }

    private async Task RenewAsync(TaskCompletionSource renewal)
    {
        try
        {
            await TryRenewAsync();
        }
        catch (ClusterStoreException error)
        {
            _node.Log.StoreFailed(error);
        }
        finally
        {
            lock (_sync)
            {
                _renewal = null;
                _nextRenewal = Math.Max(_nextRenewal, _clock.Time.GetTimestamp() + _clock.Time.ToTimestampTicks(_node.Times.RetryAfter));
            }

            SetTimer();
            renewal.SetResult();
        }
    }

    private async Task TryRenewAsync()
    {
        string? expected = _etag;
        while (IsValid && !_isEnding)
        {
            var begun = _clock.Now;
            if (await _writes.TryWriteAsync(_record, expected) is { } etag)
            {
                _etag = etag;
                Extend(begun);
                return;
            }

            var seen = await _node.Store.ReadAsync(_resource, CancellationToken.None);
            if (seen is null or { Record.IsLost: true })
            {
                _node.Log.Lost(_resource);
            }
            else if (seen.Record != _record)
            {
                Overtake(seen.Record);
                return;
            }

            // An earlier write was not known to have succeeded, or the store has gone back to one, or has lost it altogether. Nobody
            // can have owned the resource in the meantime: this term has not ended.
            expected = seen?.ETag;
        }
    }

    private void Extend(LeaseInstant begun)
    {
        _node.Metrics.Renewed(_resource, _clock.Time.GetElapsedTime(begun.Monotonic));
        lock (_sync)
        {
            var until = _until;
            if (_isEnding || !IsValid)
                return;
            _nextRenewal = begun.Monotonic + _clock.Time.ToTimestampTicks(_node.Times.RenewEvery);
            Interlocked.CompareExchange(ref _until, _clock.After(begun, _node.Times.Lease), until);
        }
    }

    private void Overtake(LeaseRecord by)
    {
        if (!Finish(LeaseEnd.Overtaken))
            return;
        _node.Metrics.WasFenced(_resource);
        _node.Log.Overtaken(_resource, Epoch, by);
    }

    private bool Finish(LeaseEnd how)
    {
        while (true)
        {
            var until = Volatile.Read(ref _until);
            if (ReferenceEquals(until, Over))
                return false;
            if (TryEnd(until, how))
                return true;
        }
    }

    private bool TryEnd(LeaseInstant until, LeaseEnd how)
    {
        if (!ReferenceEquals(Interlocked.CompareExchange(ref _until, Over, until), until))
            return false;
        End = how;
        _timer.Dispose();
        _ending.CancelInBackground();
        _ended.CancelInBackground();
        return true;
    }

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;
}
