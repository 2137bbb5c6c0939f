namespace SocketSync;

/// <summary>Waits for calls of other nodes, which may be dead: for so long only, and without a word of what comes of them later.</summary>
internal static class CallLimit
{
    /// <exception cref="TimeoutException">It took longer.</exception>
    public static async Task WithinAsync(this Task call, TimeSpan limit, TimeProvider time)
    {
        call.Forget();
        await call.WaitAsync(limit, time);
    }

    /// <inheritdoc cref="WithinAsync(Task, TimeSpan, TimeProvider)"/>
    public static async Task<T> WithinAsync<T>(this Task<T> call, TimeSpan limit, TimeProvider time)
    {
        call.Forget();
        return await call.WaitAsync(limit, time);
    }
}
