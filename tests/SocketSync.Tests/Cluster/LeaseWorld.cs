using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;

namespace SocketSync.Tests;

/// <summary>
/// Nodes with clocks of their own, a store and what lies between them, in simulated time and on one thread. It judges: at no instant
/// may two terms be valid, and the device must see epochs grow.
/// </summary>
internal sealed class LeaseWorld(LeaseTimes times, int seed = 0)
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    private readonly PriorityQueue<Action, (long Due, int Order)> _events = new();
    private readonly Continuations _continuations = new();
    private readonly Random _random = new(seed);
    private int _order;
    private (long Epoch, LeaseNode? Node) _last;

    public LeaseTimes Times => times;

    public List<LeaseNode> Nodes { get; } = [];

    /// <summary>Real time, in ticks.</summary>
    public long Now { get; private set; }

    /// <summary>What the store holds of the resource.</summary>
    public StoredLease? Stored { get; set; }

    public bool IsStoreAway { get; set; }

    /// <summary>A message takes at most this long, one in ten that is not lost ten times that.</summary>
    public TimeSpan Latency { get; set; } = TimeSpan.FromMilliseconds(20);

    public int Steps { get; private set; }

    /// <summary>How often the device saw another epoch.</summary>
    public int Owners { get; private set; }

    /// <summary>What has gone wrong.</summary>
    public string? Fault { get; private set; }

    public LeaseNode AddNode(double rate = 1) => AddTo(Nodes, new LeaseNode(this, $"n{Nodes.Count}", rate));

    public void At(TimeSpan delay, Action action) => _events.Enqueue(action, (Now + delay.Ticks, _order++));

    public TimeSpan NextLatency() => Latency * _random.NextDouble() * (_random.Next(10) == 0 ? 10 : 1);

    public void Advance(TimeSpan time) => Run(() => AdvanceHere(time));

    /// <summary>Runs code of a node: all that it awaits continues here, on the thread that lets time pass.</summary>
    public void Run(Action code)
    {
        var outside = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_continuations);
        try
        {
            code();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(outside);
        }
    }

    private void AdvanceHere(TimeSpan time)
    {
        for (var end = Now + time.Ticks; Now < end && Fault is null;)
        {
            Now += Step.Ticks;
            Steps++;
            while (_events.TryPeek(out var action, out var due) && due.Due <= Now)
            {
                _events.Dequeue();
                action();
            }

            _continuations.RunAll();
            foreach (var node in Nodes)
                node.Run();
            Judge();
        }
    }

    /// <summary>Goes on until something holds.</summary>
    /// <returns>How long that took.</returns>
    public TimeSpan AdvanceUntil(Func<bool> condition)
    {
        var start = Now;
        while (!condition())
        {
            Advance(Step);
            Assert.True(Now - start < TimeSpan.TicksPerMinute, "it does not happen");
        }

        return new(Now - start);
    }

    /// <summary>The device logs who uses it.</summary>
    public void Use(LeaseNode node, long epoch)
    {
        if (epoch < _last.Epoch || (epoch == _last.Epoch && node != _last.Node))
            Fault ??= $"after {TimeSpan.FromTicks(Now)} the device is used by {node.Name} in epoch {epoch}, after {_last.Node?.Name} in epoch {_last.Epoch}";
        if (epoch != _last.Epoch)
            Owners++;
        _last = (epoch, node);
    }

    private void Judge()
    {
        var valid = Nodes.Where(node => node.Term is { IsValid: true }).ToList();
        if (valid.Count > 1)
            Fault ??= $"after {TimeSpan.FromTicks(Now)} there are valid terms of {string.Join(" and ", valid.Select(node => $"{node.Name} (epoch {node.Term!.Epoch})"))}";
    }

    private sealed class Continuations : SynchronizationContext
    {
        private readonly ConcurrentQueue<Action> _posted = new();

        public override void Post(SendOrPostCallback d, object? state) => _posted.Enqueue(() => d(state));

        public void RunAll()
        {
            while (_posted.TryDequeue(out var code)) code();
        }
    }

    private static LeaseNode AddTo(List<LeaseNode> nodes, LeaseNode node)
    {
        nodes.Add(node);
        return node;
    }
}

/// <summary>A node that takes the resource whenever it may, and uses the device whenever its term is valid.</summary>
internal sealed class LeaseNode : TimeProvider
{
    private readonly LeaseWorld _world;
    private readonly double _rate;
    private readonly List<Timer> _timers = [];
    private readonly Queue<Action> _inbox = [];
    private readonly ResourceLease _lease;
    private Task<LeaseTerm>? _acquiring;
    private long _asleep;
    private bool _isSuspended;
    private bool _isStopped;

    public LeaseNode(LeaseWorld world, string name, double rate)
    {
        _world = world;
        _rate = rate;
        Name = name;
        Clock = new(this, () => (long)(_world.Now * _rate) * NanosecondsPerTick);
        Leases = new(new SimulatedStore(world, this), name, world.Times, Clock, new(Meter), NullLogger<NodeLeases>.Instance);
        _lease = Leases.Of("R");
    }

    private const int NanosecondsPerTick = 100;

    public string Name { get; }

    public Meter Meter { get; } = new("SocketSync.Tests");

    public LeaseClock Clock { get; }

    public NodeLeases Leases { get; }

    public LeaseTerm? Term { get; private set; }

    public bool IsOwner => Term is { IsValid: true };

    /// <summary>Whether it takes the resource.</summary>
    public bool IsCandidate { get; set; } = true;

    /// <summary>Whether nothing passes between it and the store.</summary>
    public bool IsCutOff { get; set; }

    /// <summary>How much its wall clock was set ahead.</summary>
    public TimeSpan WallAhead { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    private bool IsRunning => !_isStopped && !_isSuspended;

    /// <summary>How far its monotonic clock has leapt ahead, as after a virtual machine was moved.</summary>
    public TimeSpan Leap { get; set; }

    public override long GetTimestamp() => (long)((_world.Now - _asleep) * _rate) + Leap.Ticks;

    // Not at this node's own rate: that adds up, and over a long history no wall clocks would agree as they must (WallAhead).
    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddYears(50).AddTicks(_world.Now) + WallAhead;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        _timers.Add(timer);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>SIGSTOP: its clocks go on.</summary>
    public void Stop(TimeSpan time)
    {
        if (!IsRunning) return;
        _isStopped = true;
        _world.At(time, () => _isStopped = false);
    }

    /// <summary>Its machine is suspended: the monotonic clock stands still.</summary>
    public void Suspend(TimeSpan time)
    {
        if (!IsRunning) return;
        _isSuspended = true;
        var start = _world.Now;
        var before = _asleep;
        _world.At(time, () =>
        {
            _isSuspended = false;
            _asleep = before + _world.Now - start;
        });
    }

    /// <summary>Gives up, and says so to the others.</summary>
    public void Release()
    {
        if (IsRunning && IsOwner) _world.Run(() => ReleaseAsync().Observe());
    }

    /// <summary>Another node says that the resource is free; messages may be lost, and may be wrong.</summary>
    public void Hear() => Deliver(_lease.LookNow);

    private async Task ReleaseAsync()
    {
        await Term!.ReleaseAsync();
        foreach (var other in _world.Nodes.Where(other => other != this && !other.IsCutOff && !IsCutOff)) _world.At(_world.NextLatency(), other.Hear);
    }

    /// <summary>Something arrives.</summary>
    public void Deliver(Action message) => _inbox.Enqueue(message);

    public void Run()
    {
        if (_isSuspended || _isStopped) return;
        while (_inbox.TryDequeue(out var message)) message();
        foreach (var timer in _timers.ToArray()) timer.RingIfDue();
        if (_acquiring is { IsCompleted: true })
        {
            Term = _acquiring.GetAwaiter().GetResult();
            _acquiring = null;
        }

        if (IsOwner) _world.Use(this, Term!.Epoch);
        else if (IsCandidate && _acquiring is null) _acquiring = _lease.WatchAsync(CancellationToken.None); // not on the pool: all is on one thread
    }

    private sealed class Timer(LeaseNode node, Action ring) : ITimer
    {
        private long _due = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _due = dueTime == Timeout.InfiniteTimeSpan ? long.MaxValue : node.GetTimestamp() + dueTime.Ticks;
            return true;
        }

        public void RingIfDue()
        {
            if (_due > node.GetTimestamp()) return;
            _due = long.MaxValue;
            ring();
        }

        public void Dispose() => node._timers.Remove(this);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>The store, as one node reaches it: a call that takes too long has failed, and may yet do its work.</summary>
internal sealed class SimulatedStore(LeaseWorld world, LeaseNode node) : ClusterStore
{
    public override Task OpenAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override Task<StoredLease?> ReadAsync(string resource, CancellationToken cancellationToken) =>
        CallAsync(() => world.Stored, attempted: null, cancellationToken);

    public override Task<string?> TryWriteAsync(string resource, LeaseRecord record, string? expectedETag, CancellationToken cancellationToken)
    {
        var etag = NewETag();
        return CallAsync(
            () =>
            {
                if (!string.Equals(world.Stored?.ETag, expectedETag, StringComparison.Ordinal)) return null;
                world.Stored = new(record, etag);
                return etag;
            },
            etag, cancellationToken);
    }

    public override Task<byte[]> GetSecretAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public override Task<IReadOnlyCollection<string>> GetKnownNodesAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public override Task AddKnownNodeAsync(string node, CancellationToken cancellationToken) => throw new NotSupportedException();

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Task<T> CallAsync<T>(Func<T> work, string? attempted, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // Inline, so that all stays on one thread.
        var answer = new TaskCompletionSource<T>();
        var limit = node.CreateTimer(
            _ => answer.TrySetException(new ClusterStoreException("no answer") { AttemptedETag = attempted }), null, world.Times.StoreTimeout, Timeout.InfiniteTimeSpan);
        world.At(world.NextLatency(), () =>
        {
            if (node.IsCutOff || world.IsStoreAway) return;
            var result = work();
            world.At(world.NextLatency(), () =>
            {
                if (!node.IsCutOff) node.Deliver(() => answer.TrySetResult(result));
            });
        });
        return EndAsync(answer.Task, limit);
    }

    private static async Task<T> EndAsync<T>(Task<T> answer, ITimer limit)
    {
        try
        {
            return await answer;
        }
        finally
        {
            await limit.DisposeAsync();
        }
    }
}
