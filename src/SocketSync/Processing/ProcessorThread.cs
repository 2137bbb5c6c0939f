using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>
/// Keeps a processor's code, also what follows its own awaits, on the thread pool: with inline completions a socket of
/// its own (an HTTP client, say) would else go on with it on the one thread that moves bytes for everybody, and there it
/// may block.
/// </summary>
internal sealed class ProcessorThread : SynchronizationContext
{
    public static ProcessorThread Instance { get; } = new();

    public override void Post(SendOrPostCallback d, object? state) =>
        ThreadPool.UnsafeQueueUserWorkItem(static work => Run(work.d, work.state), (d, state), preferLocal: true);

    public override SynchronizationContext CreateCopy() => this;

    /// <summary>Goes on on the thread pool, where whatever follows stays.</summary>
    public static Switching SwitchTo() => default;

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

    internal readonly struct Switching : ICriticalNotifyCompletion
    {
        public Switching GetAwaiter() => this;

        public bool IsCompleted => false;

        public void GetResult()
        {
        }

        public void OnCompleted(Action continuation) => UnsafeOnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => Instance.Post(static go => ((Action)go!)(), continuation);
    }
}
