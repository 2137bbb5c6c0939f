using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>Decides where code runs. Every deliberate thread switch on the path of a request is made here.</summary>
/// <remarks>
/// <para>Code runs in one of four places:</para>
/// <list type="bullet">
/// <item><b>The I/O thread</b>: an <see cref="EventLoop"/> on Linux, which serves every client and TCP device without TLS: code on it must
/// not block or monopolize it. With <c>IoThreads</c> above 1 there are several, each with its share of the sockets. With
/// <c>IoEngine</c> <c>Sockets</c>, and for UDP and between nodes, it is the runtime's thread that waits for socket events, if the runtime
/// completes them inline, which the server asks for (see <see cref="IsInline"/>).</item>
/// <item><b>The thread pool</b>: for all code that may block or take long. Without an I/O thread all code runs here.</item>
/// <item><b>A serial line's own thread</b>, because reading a terminal blocks (<see cref="BlockingInput"/>). What the line brings is
/// handled on it, under the rules of the I/O thread.</item>
/// <item><b>Inline</b>: the code that ends a turn continues the next holder by a plain call, without a thread switch.</item>
/// </list>
/// <para>The rules, tested one by one in the two <c>DispatcherTests</c> and the tests they name:</para>
/// <list type="number">
/// <item>A client without TLS is served on the I/O thread (<see cref="SwitchToIoThread"/>): a single thread has no lock contention.
/// A client with TLS is served on the pool: encryption takes too long.</item>
/// <item>A loop on the I/O thread charges its <see cref="WorkBudget"/> and yields when that is spent (<see cref="Yield"/>): it
/// continues after all other ready sockets. On the pool it continues at the end of the pool's queue.</item>
/// <item>A processor that may block runs on the pool, including everything after its awaits (<see cref="SwitchToPool"/>):
/// <see cref="PoolContext"/> posts each continuation back to the pool, also those of sockets that the processor owns.</item>
/// <item>A processor that converses with its client during its turn continues outside the I/O thread afterwards
/// (<see cref="LeaveIoThread"/>), and so does Kestrel's accept loop for HTTP.</item>
/// <item>A turn of a processor that never blocks is handed over inline (<see cref="InlineContinuations"/>): continuations run one
/// after the other, never nested, and yield after 64 in a row. Any other turn is handed over through the pool.</item>
/// <item>No continuation runs under a lock: code that is started under one leaves it first (<see cref="HopToPool"/>), and
/// cancellation callbacks run on the pool (<see cref="BackgroundTasks.CancelInBackground"/>).</item>
/// </list>
/// <para>No code calls <c>ConfigureAwait(false)</c>, and an analyzer rejects it. Kestrel has no synchronization context, so it would
/// change nothing; the only context in the process is <see cref="PoolContext"/>, and leaving that would break rule 3.</para>
/// </remarks>
internal static class Dispatcher
{
    /// <summary>Whether the runtime runs socket continuations on the I/O thread. Read once, as the runtime does.</summary>
    public static bool IsInline { get; } = Environment.GetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS") == "1";

    /// <summary>Continues on the I/O thread, after the sockets that are ready; synchronously if there is no such thread.</summary>
    public static IoThreadSwitch SwitchToIoThread() => default;

    /// <summary>Yields: continues at the end of the I/O thread's queue on that thread, otherwise at the end of the pool's.</summary>
    public static YieldSwitch Yield() => default;

    /// <summary>Continues on the pool, and keeps all later continuations there.</summary>
    public static PoolContextSwitch SwitchToPool() => default;

    /// <summary>Continues on the pool; synchronously if this is a pool thread.</summary>
    public static PoolSwitch LeaveIoThread() => new(isUnconditional: false);

    /// <summary>Continues on the pool, always asynchronously and thus outside the caller's locks.</summary>
    public static PoolSwitch HopToPool() => new(isUnconditional: true);

    internal readonly struct IoThreadSwitch : ICriticalNotifyCompletion
    {
        public bool IsCompleted => EventLoop.First is null ? IoThread.Shared is null : EventLoop.Current is not null;

        public IoThreadSwitch GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation)
        {
            if (EventLoop.First is { } loop)
                loop.Post(continuation);
            else
                IoThread.Shared!.Post(continuation);
        }
    }

    internal readonly struct YieldSwitch : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public YieldSwitch GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation)
        {
            if (EventLoop.Current is { } loop)
                loop.Post(continuation);
            else if (!Thread.CurrentThread.IsThreadPoolThread && IoThread.Shared is { } thread)
                thread.Post(continuation);
            else
                PoolItem.Queue(continuation);
        }
    }

    internal readonly struct PoolSwitch(bool isUnconditional) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => !isUnconditional && Thread.CurrentThread.IsThreadPoolThread;

        public PoolSwitch GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => PoolItem.Queue(continuation);
    }

    internal readonly struct PoolContextSwitch : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public PoolContextSwitch GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => PoolContext.Instance.Post(static go => ((Action)go!)(), continuation);
    }

    /// <summary>A continuation in the pool's queue. Each thread caches one item for reuse, so that yielding allocates nothing.</summary>
    private sealed class PoolItem : IThreadPoolWorkItem
    {
        [ThreadStatic]
        private static PoolItem? s_spare;

        private Action? _continuation;

        public static void Queue(Action continuation)
        {
            var item = s_spare ?? new();
            s_spare = null;
            item._continuation = continuation;
            ThreadPool.UnsafeQueueUserWorkItem(item, preferLocal: false);
        }

        void IThreadPoolWorkItem.Execute()
        {
            var continuation = _continuation!;
            _continuation = null;
            s_spare = this;
            continuation();
        }
    }
}

/// <summary>
/// The synchronization context of processors that may block: keeps their code and its continuations on the thread pool. With
/// inline completions, a socket of the processor (of an HTTP client, for example) would otherwise continue it on the I/O thread,
/// which serves all clients. See <see cref="Dispatcher"/>, rule 3.
/// </summary>
internal sealed class PoolContext : SynchronizationContext
{
    public static PoolContext Instance { get; } = new();

    public override void Post(SendOrPostCallback d, object? state) =>
        ThreadPool.UnsafeQueueUserWorkItem(static work => Run(work.d, work.state), (d, state), preferLocal: true);

    public override SynchronizationContext CreateCopy() => this;

    private static void Run(SendOrPostCallback work, object? state)
    {
        var previous = Current;
        SetSynchronizationContext(Instance);
        try
        {
            work(state);
        }
        finally
        {
            SetSynchronizationContext(previous);
        }
    }
}
