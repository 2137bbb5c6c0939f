namespace SocketSync;

/// <summary>Helpers for tasks that are started and not awaited.</summary>
internal static class BackgroundTasks
{
    /// <summary>
    /// Observes the exception of a task that nobody awaits. The task's own code handles expected errors; without this, an unexpected
    /// one would be reported as an unobserved task exception, much later and without its origin.
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
    /// Cancels the source on the thread pool. Callbacks may be user code: the caller neither waits for them nor sees their exceptions.
    /// </summary>
    public static void CancelInBackground(this CancellationTokenSource source) => source.CancelAsync().Observe();
}
