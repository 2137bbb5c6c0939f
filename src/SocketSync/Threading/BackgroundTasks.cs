namespace SocketSync;

/// <summary>Tasks that nobody awaits.</summary>
internal static class BackgroundTasks
{
    /// <summary>Looks at the task's exception, so that none passes unobserved. It does nothing else.</summary>
    public static void Observe(this Task task)
    {
        if (!task.IsCompletedSuccessfully)
            _ = task.ContinueWith(static failed => _ = failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
