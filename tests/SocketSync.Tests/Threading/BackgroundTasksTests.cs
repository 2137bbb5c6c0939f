namespace SocketSync.Tests;

public sealed class BackgroundTasksTests
{
    [Fact]
    public async Task AnExceptionThatABackgroundTaskDoesNotHandleIsReportedAtOnce()
    {
        var begin = new TaskCompletionSource();
        var reported = new TaskCompletionSource<Exception>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Report(object? sender, UnobservedTaskExceptionEventArgs e)
        {
            if (e.Exception.GetBaseException() is InvalidOperationException { Message: "not handled" } mine)
                reported.SetResult(mine);
        }

        BackgroundTasks.Failed += Report;
        try
        {
            FailAsync().Observe();
            begin.SetResult();
            await reported.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        }
        finally
        {
            BackgroundTasks.Failed -= Report;
        }

        async Task FailAsync()
        {
            await begin.Task;
            throw new InvalidOperationException("not handled");
        }
    }
}
