using System.Diagnostics.CodeAnalysis;

namespace SocketSync;

/// <summary>
/// The system's clocks, with timers that run on a thread of their own: a thread pool whose threads are all blocked, by processors
/// that may block, would not renew a lease in time. One for the process, which lives as long as it.
/// </summary>
/// <remarks>What a timer calls must not block.</remarks>
[SuppressMessage("Design", "CA1001", Justification = "It lives as long as the process.")]
internal sealed class LeaseTimers : TimeProvider
{
    private static readonly Lazy<LeaseTimers> Instance = new(() => new());

    private readonly Lock _sync = new();
    private readonly PriorityQueue<(OwnTimer Timer, int Version), long> _due = new();
    private readonly AutoResetEvent _changed = new(initialState: false);

    private LeaseTimers() => new Thread(Run) { IsBackground = true, Name = "SocketSync leases", Priority = ThreadPriority.AboveNormal }.UnsafeStart();

    public static LeaseTimers Shared => Instance.Value;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (period != Timeout.InfiniteTimeSpan)
            throw new NotSupportedException("timers of leases are set anew each time");
        var timer = new OwnTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private void Run()
    {
        while (true)
        {
            TimeSpan wait;
            OwnTimer? timer;
            lock (_sync)
                (timer, wait) = TakeDue();
            if (timer is null)
                _changed.WaitOne(wait);
            else
                timer.Fire();
        }
    }

    private (OwnTimer? Timer, TimeSpan Wait) TakeDue()
    {
        while (_due.TryPeek(out var first, out var due))
        {
            if (first.Version != first.Timer.Version)
            {
                _due.Dequeue();
                continue;
            }

            var left = GetElapsedTime(GetTimestamp(), due);
            if (left > TimeSpan.Zero)
                return (null, TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)));
            _due.Dequeue();
            return (first.Timer, default);
        }

        return (null, Timeout.InfiniteTimeSpan);
    }

    private sealed class OwnTimer(LeaseTimers owner, TimerCallback callback, object? state) : ITimer
    {
        private bool _isDisposed;

        /// <summary>Counts the changes, so that what was set before is not due any more.</summary>
        public int Version { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._sync)
            {
                if (_isDisposed)
                    return false;
                Version++;
                if (dueTime != Timeout.InfiniteTimeSpan)
                    owner._due.Enqueue((this, Version), owner.GetTimestamp() + owner.ToTimestampTicks(dueTime));
            }

            owner._changed.Set();
            return true;
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (owner._sync)
            {
                _isDisposed = true;
                Version++;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
