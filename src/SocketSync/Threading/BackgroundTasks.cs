namespace SocketSync;

/// <summary>For tasks that nobody awaits.</summary>
internal static class BackgroundTasks
{
    /// <summary>Looks at the task's exception, if it ends with one, so that the runtime does not report it as unobserved.</summary>
    public static void Observe(this Task task)
    {
        if (!task.IsCompletedSuccessfully)
        {
            _ = task.ContinueWith(
                static ended => _ = ended.Exception,
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
                TaskScheduler.Default);
        }
    }
}
