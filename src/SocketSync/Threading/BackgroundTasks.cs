namespace SocketSync;

/// <summary>What is begun and not awaited.</summary>
internal static class BackgroundTasks
{
    /// <summary>
    /// Looks at the exception of a task that nobody awaits. Its own code handles what can go wrong; without this, what it does not
    /// expect would end up as an exception that nobody has observed, told much later and without a place.
    /// </summary>
    public static void Observe(this Task task)
    {
        if (task.IsCompletedSuccessfully)
            return;
        _ = task.ContinueWith(
            static finished => _ = finished.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>
    /// Cancels from the thread pool. Callbacks may be a user's own code: the caller does not wait for them, and what they throw is
    /// their own affair.
    /// </summary>
    public static void CancelInBackground(this CancellationTokenSource source) => source.CancelAsync().Observe();
}
