namespace SocketSync;

/// <summary>Work that is started and not awaited.</summary>
internal static class BackgroundTasks
{
    /// <summary>
    /// Raised with an exception that the code of a background task did not handle, which is a bug. A host logs it
    /// (<see cref="SocketSyncService"/>); without a handler the runtime reports the task as unobserved.
    /// </summary>
    public static event EventHandler<UnobservedTaskExceptionEventArgs>? Failed;

    /// <summary>Reports the exception of a task that nobody awaits at once, instead of when the task is collected.</summary>
    public static void Observe(this Task task)
    {
        if (task.IsCompletedSuccessfully)
            return;
        _ = task.ContinueWith(
            static faulted =>
            {
                if (Failed is { } report)
                    report(faulted, new(faulted.Exception!));
            },
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>Nobody waits for this task any more, nor minds how it ends, be it that it has failed already.</summary>
    public static void Forget(this Task task)
    {
        if (task.IsCompletedSuccessfully)
            return;
        _ = task.ContinueWith(
            static faulted => _ = faulted.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    /// <summary>
    /// Cancels from the thread pool. Callbacks may be a user's own code: the caller does not wait for them, and what they throw is
    /// not reported.
    /// </summary>
    public static void CancelInBackground(this CancellationTokenSource source) => source.CancelAsync().Forget();
}
