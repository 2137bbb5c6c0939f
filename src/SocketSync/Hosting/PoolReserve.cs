namespace SocketSync;

/// <summary>
/// Threads for processors that may block. The pool begins with one for each core, and where those are all blocked it waits
/// up to a second before it adds another: meanwhile nothing that needs the pool would go on, health included. Every
/// resource has one turn at a time, so that one thread more for each is enough for all of them to block at once.
/// </summary>
internal static class PoolReserve
{
    public static void Prepare(int processorsThatMayBlock)
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.SetMinThreads(Math.Min(Math.Max(workers, Environment.ProcessorCount + processorsThatMayBlock), most), completions);
    }
}
