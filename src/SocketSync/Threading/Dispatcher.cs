using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>Where code runs. Every change of thread on the path of a request is made here, and nowhere else.</summary>
/// <remarks>
/// <para>There are three places:</para>
/// <list type="bullet">
/// <item><b>The I/O thread</b>: the runtime's thread that waits for sockets. Where it continues what has completed (the server asks
/// for that, see <see cref="IsInline"/>) it moves the bytes of every client, so nothing on it may block, and nobody may keep it.</item>
/// <item><b>The thread pool</b>: for everything that may block or take long. Without inline completions everything runs here.</item>
/// <item><b>Inline</b>: whoever ends a turn continues the next holder itself, as a plain call without a change of thread.</item>
/// </list>
/// <para>The rules, each with a test of the same name in <c>DispatcherTests</c> or the class named:</para>
/// <list type="number">
/// <item>A client without TLS is served on the I/O thread (<see cref="SwitchToIoThread"/>): what one thread does needs no locks to
/// wait for. A client with TLS is served on the pool: encryption takes too long.</item>
/// <item>A loop on the I/O thread charges its <see cref="WorkBudget"/>, and when that is spent it yields (<see cref="Yield"/>): it goes
/// on after all other sockets that are ready. On the pool it goes on at the end of the pool's queue.</item>
/// <item>A processor that may block runs on the pool, and so does all that follows its awaits (<see cref="SwitchToPool"/>): the
/// <see cref="PoolContext"/> brings each continuation back, also of sockets that the processor owns.</item>
/// <item>A processor that talks to its client in its turn goes on outside the I/O thread afterwards (<see cref="LeaveIoThread"/>), and so
/// does Kestrel's accept loop for HTTP.</item>
/// <item>A turn of a processor that never blocks is handed over inline (<see cref="InlineContinuations"/>): one continuation after the
/// other, never one inside another, and after 64 in a row the rest yields. Any other turn is handed over through the pool.</item>
/// <item>Nothing is continued under a lock: code that is started under one leaves it first (<see cref="HopToPool"/>), and a
/// cancellation is told from the pool (<see cref="BackgroundTasks.CancelInBackground"/>).</item>
/// </list>
/// <para>Nothing here or elsewhere calls <c>ConfigureAwait(false)</c>, and an analyzer refuses it. Kestrel has no synchronization
/// context, so it would change nothing; the only context in the process is <see cref="PoolContext"/>, and leaving that one would break
/// rule 3.</para>
/// </remarks>
internal static class Dispatcher
{
    /// <summary>Whether the runtime continues a completed read on the I/O thread itself. Read once, as the runtime does.</summary>
    public static bool IsInline { get; } = Environment.GetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS") == "1";

    /// <summary>Continues on the I/O thread, after the sockets that are ready; at once where there is no such thread.</summary>
    public static IoThreadSwitch SwitchToIoThread() => default;

    /// <summary>Continues after the others: at the end of the I/O thread's queue on that thread, else of the pool's.</summary>
    public static YieldSwitch Yield() => default;

    /// <summary>Continues on the pool, and keeps everything that follows there.</summary>
    public static PoolContextSwitch SwitchToPool() => default;

    /// <summary>Continues on the pool; at once where this is one of its threads.</summary>
    public static PoolSwitch LeaveIoThread() => new(isUnconditional: false);

    /// <summary>Continues on the pool, in any case later and outside the caller's locks.</summary>
    public static PoolSwitch HopToPool() => new(isUnconditional: true);

    internal readonly struct IoThreadSwitch : ICriticalNotifyCompletion
    {
        public bool IsCompleted => IoThread.Shared is null;

        public IoThreadSwitch GetAwaiter() => this;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => IoThread.Shared!.Post(continuation);
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
            if (!Thread.CurrentThread.IsThreadPoolThread && IoThread.Shared is { } thread)
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

    /// <summary>A continuation in the pool's queue. Each thread keeps one for its next use, so that yielding allocates nothing.</summary>
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
