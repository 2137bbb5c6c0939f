namespace SocketSync;

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
