using System.Diagnostics;

namespace SocketSync;

/// <summary>What an <see cref="EventLoop"/> calls when a descriptor that it watches is ready.</summary>
internal interface IReadyHandler
{
    /// <summary>Called on the loop's thread, again and again for as long as the descriptor is ready. Must not block, and must not throw.</summary>
    void OnReady(Readiness readiness);
}

/// <summary>
/// A thread that waits for sockets to be ready and serves them one after the other: the I/O thread of <see cref="Dispatcher"/>, where
/// Linux has one. It lives as long as the process.
/// </summary>
/// <remarks>
/// Each ready socket is served once before any is served again, so a client that sends faster than it is served delays nobody. What
/// others post is run between two such rounds, in batches.
/// </remarks>
internal sealed class EventLoop
{
    /// <summary>The batch size of what is posted: a thousand clients that connect or yield at once must not run in one go.</summary>
    private const int MaxInARow = 8;

    private const int SharedBytes = 4096;

    private static readonly Lock Making = new();
    private static volatile EventLoop[] s_all = [];
    private static uint s_next;

    [ThreadStatic]
    private static EventLoop? s_current;

    private readonly Epoll _epoll = new();
    private readonly SpinPolicy _spin = new();
    private readonly int _signal = Epoll.CreateSignal();
    private readonly Lock _sync = new();
    private readonly Queue<Action> _posted = [];
    private readonly Stack<int> _free = [];
    private volatile Watched?[] _watched = new Watched?[64];
    private int _watchedCount;
    private int _uses;
    private bool _isSignalled;

    private EventLoop(int number)
    {
        _epoll.Add(_signal, Readiness.Readable, -1);
        new Thread(Run) { IsBackground = true, Name = $"I/O {number}" }.Start();
    }

    /// <summary>Memory for the thread's next few lines: nothing in it lasts.</summary>
    public byte[] Shared { get; } = new byte[SharedBytes];

    /// <summary>One processor at least is left to whoever is waited for.</summary>
    private static bool MaySpin => s_all.Length < Environment.ProcessorCount;

    /// <summary>The loop whose thread this is.</summary>
    public static EventLoop? Current => s_current;

    /// <summary>The loop for things that have none of their own; <see langword="null"/> if the process has no loop.</summary>
    public static EventLoop? First => s_all is [var first, ..] ? first : null;

    /// <summary>Makes the loops of this process, or as many more as are missing.</summary>
    public static void Start(int count)
    {
        lock (Making)
        {
            while (s_all.Length < count)
                s_all = [.. s_all, new EventLoop(s_all.Length)];
        }
    }

    /// <summary>The loop that serves the next connection; <see langword="null"/> if the process has none.</summary>
    public static EventLoop? Next() => s_all is { Length: > 0 } all ? all[Interlocked.Increment(ref s_next) % (uint)all.Length] : null;

    /// <summary>Runs the action on this loop's thread, after what was posted before it and after the sockets that are ready.</summary>
    public void Post(Action action)
    {
        lock (_sync)
        {
            _posted.Enqueue(action);
            if (_isSignalled || s_current == this)
                return; // it looks before it waits
            _isSignalled = true;
        }

        Epoll.Raise(_signal);
    }

    /// <summary>Watches a descriptor until <see cref="Remove"/>.</summary>
    /// <returns>What identifies it to this loop.</returns>
    public long Add(int descriptor, Readiness interest, IReadyHandler handler)
    {
        long key;
        lock (_sync)
        {
            if (!_free.TryPop(out var index))
            {
                index = _watchedCount++;
                if (index == _watched.Length)
                {
                    var larger = new Watched?[_watched.Length * 2];
                    _watched.CopyTo(larger, 0);
                    _watched = larger;
                }
            }

            key = (long)(++_uses & int.MaxValue) << 32 | (uint)index;
            _watched[index] = new Watched(handler, key);
        }

        try
        {
            _epoll.Add(descriptor, interest, key);
            return key;
        }
        catch
        {
            Forget(key);
            throw;
        }
    }

    /// <summary>Changes what the descriptor is watched for.</summary>
    public void Change(int descriptor, Readiness interest, long key) => _epoll.Modify(descriptor, interest, key);

    /// <summary>Stops watching a descriptor. Called on the loop's thread, so that its handler is not called any more.</summary>
    public void Remove(int descriptor, long key)
    {
        _epoll.Remove(descriptor);
        Forget(key);
    }

    private void Forget(long key)
    {
        lock (_sync)
        {
            var index = (int)(uint)key;
            _watched[index] = null;
            _free.Push(index);
        }
    }

    private void Run()
    {
        s_current = this;
        var mayBlock = true;
        while (true)
        {
            var count = mayBlock ? Wait() : _epoll.Wait(mayBlock: false);
            for (var i = 0; i < count; i++)
            {
                var (readiness, key) = _epoll[i];
                if (key < 0)
                {
                    Epoll.Clear(_signal);
                    continue;
                }

                _spin.Heard(key);
                // Another socket's handler may have removed this one since, and another use of its place may have begun.
                if (_watched[(int)(uint)key] is { } watched && watched.Key == key)
                    watched.Handler.OnReady(readiness);
            }

            mayBlock = RunPosted();
        }
    }

    /// <summary>Waits until something is ready, at first perhaps without sleeping.</summary>
    /// <returns>How many are ready.</returns>
    private int Wait()
    {
        if (!MaySpin)
            return _epoll.Wait(mayBlock: true);

        var start = 0L;
        if (_spin.IsWorthwhile)
        {
            do
            {
                if (_epoll.Wait(mayBlock: false) is > 0 and var found)
                {
                    _spin.Succeeded();
                    return found;
                }

                if (start == 0)
                    start = Stopwatch.GetTimestamp();
            }
            while (Stopwatch.GetTimestamp() - start < SpinPolicy.MaxLook);
            _spin.Failed();
        }

        start = Stopwatch.GetTimestamp();
        var count = _epoll.Wait(mayBlock: true);
        _spin.Slept(Stopwatch.GetTimestamp() - start);
        return count;
    }

    /// <returns>Whether nothing is left.</returns>
    private bool RunPosted()
    {
        for (var i = 0; i < MaxInARow; i++)
        {
            Action? action;
            lock (_sync)
            {
                if (!_posted.TryDequeue(out action))
                {
                    _isSignalled = false;
                    return true;
                }
            }

            action();
        }

        return false;
    }

    private sealed record Watched(IReadyHandler Handler, long Key);
}
