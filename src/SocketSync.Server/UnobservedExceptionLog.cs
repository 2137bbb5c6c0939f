namespace SocketSync;

/// <summary>
/// An exception in a task that nobody looks at is a fault of ours that would pass in silence: the log tells of it, when the task is
/// collected.
/// </summary>
internal sealed class UnobservedExceptionLog : IDisposable
{
    private readonly Serilog.ILogger _logger;

    public UnobservedExceptionLog(Serilog.ILogger logger)
    {
        _logger = logger;
        TaskScheduler.UnobservedTaskException += OnUnobserved;
    }

    public void Dispose() => TaskScheduler.UnobservedTaskException -= OnUnobserved;

    private void OnUnobserved(object? sender, UnobservedTaskExceptionEventArgs e) =>
        _logger.Error(e.Exception, "A task has failed, and nobody looked at how it ended");
}
