using System.Runtime.CompilerServices;

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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhatIsForgottenMayFailUnseenBeforeAndAfter(bool before)
    {
        var reported = 0;
        void Report(object? sender, UnobservedTaskExceptionEventArgs e)
        {
            if (e.Exception.GetBaseException() is InvalidOperationException { Message: "forgotten" })
                Interlocked.Increment(ref reported);
        }

        TaskScheduler.UnobservedTaskException += Report;
        try
        {
            ForgetOne(before);
            for (var i = 0; i < 2; i++)
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }

            Assert.Equal(0, Volatile.Read(ref reported));
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Report;
        }
    }

    // On a stack frame of its own, which keeps nothing alive.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ForgetOne(bool before)
    {
        var source = new TaskCompletionSource();
        if (before)
            source.SetException(new InvalidOperationException("forgotten"));
        source.Task.Forget();
        source.TrySetException(new InvalidOperationException("forgotten"));
    }
}
