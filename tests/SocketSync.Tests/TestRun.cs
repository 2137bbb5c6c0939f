using System.Collections.Concurrent;
using System.Diagnostics;
using SocketSync.Tests;

[assembly: AssemblyFixture(typeof(TestRun))]

namespace SocketSync.Tests;

/// <summary>
/// What no single test would notice fails the run: an assertion that does not hold ends it there and then, on whatever thread, and
/// an exception in a task that nobody looked at fails it at the end, when all such tasks are collected.
/// </summary>
public sealed class TestRun : IDisposable
{
    private readonly ConcurrentQueue<Exception> _unobserved = new();
    private readonly EndingListener _listener = new();

    public TestRun()
    {
        // Before any other: one of them throws, and what is thrown on a thread of the product may go down there.
        Trace.Listeners.Insert(0, _listener);
        TaskScheduler.UnobservedTaskException += OnUnobserved;
    }

    public void Dispose()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        TaskScheduler.UnobservedTaskException -= OnUnobserved;
        Trace.Listeners.Remove(_listener);
        _listener.Dispose();
        Assert.True(_unobserved.IsEmpty, $"nobody looked at how these tasks ended:\n{string.Join('\n', _unobserved)}");
    }

    private void OnUnobserved(object? sender, UnobservedTaskExceptionEventArgs e) => _unobserved.Enqueue(e.Exception);

    private sealed class EndingListener : TraceListener
    {
        public override void Fail(string? message, string? detailMessage) =>
            Environment.FailFast($"An assertion does not hold: {message} {detailMessage}\n{new StackTrace(fNeedFileInfo: true)}");

        public override void Write(string? message)
        {
        }

        public override void WriteLine(string? message)
        {
        }
    }
}
