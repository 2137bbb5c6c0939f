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

    /// <summary>Starts <paramref name="work"/> on the thread pool.</summary>
    public static void Start(SendOrPostCallback work, object? state) => Instance.Post(work, state);

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
