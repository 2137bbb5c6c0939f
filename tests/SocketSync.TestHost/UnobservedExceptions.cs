namespace SocketSync.TestHost;

/// <summary>Logs the exceptions of tasks that nobody looks at, as the server does.</summary>
internal static partial class UnobservedExceptions
{
    public static void Log(ILogger logger) => TaskScheduler.UnobservedTaskException += (_, e) => Tell(logger, e.Exception);

    [LoggerMessage(LogLevel.Error, "A task has failed, and nobody looked at how it ended")]
    private static partial void Tell(ILogger logger, Exception error);
}
