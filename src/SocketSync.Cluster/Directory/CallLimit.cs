namespace SocketSync;

/// <summary>Waits for calls of other nodes, which may be dead: for so long only, and without a word of what comes of them later.</summary>
internal static class CallLimit
{
    /// <exception cref="TimeoutException">It took longer.</exception>
    public static async Task WithinAsync(this Task call, TimeSpan limit, TimeProvider time)
    {
        Silence(call);
        await call.WaitAsync(limit, time);
    }

    /// <inheritdoc cref="WithinAsync(Task, TimeSpan, TimeProvider)"/>
    public static async Task<T> WithinAsync<T>(this Task<T> call, TimeSpan limit, TimeProvider time)
    {
        Silence(call);
        return await call.WaitAsync(limit, time);
    }

    private static void Silence(Task call) => _ = call.ContinueWith(
        static faulted => _ = faulted.Exception,
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);
}
