using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// Ends this process with exit code 1: it may not go on, and nothing that hangs in it may keep it alive. A supervisor starts it anew.
/// </summary>
internal sealed partial class ProcessEnd(ILogger<ProcessEnd> logger)
{
    private const int Failed = 1;

    /// <summary>The log is written in the background; so long it gets for the last line.</summary>
    private static readonly TimeSpan LogTime = TimeSpan.FromMilliseconds(300);

    private int _isEnding;

    /// <summary>Whether the process is about to end.</summary>
    public bool IsEnding => Volatile.Read(ref _isEnding) != 0;

    /// <summary>Called first, with little time, to give up what can be given up.</summary>
    public Func<Task> GiveUp { get; set; } = static () => Task.CompletedTask;

    /// <summary>Ends the process now.</summary>
    /// <param name="why">One line for people.</param>
    public void Now(string why) => Begin(why, TimeSpan.Zero);

    /// <summary>Ends the process as soon as it has given up what it can, within a time.</summary>
    public void After(string why, TimeSpan time) => Begin(why, time);

    private void Begin(string why, TimeSpan time)
    {
        if (Interlocked.Exchange(ref _isEnding, 1) != 0)
            return;
        // A thread of its own: the pool may be what hangs.
        new Thread(() => Run(why, time)) { IsBackground = true, Name = "End of the process" }.Start();
    }

    private void Run(string why, TimeSpan time)
    {
        try
        {
            LogEnding(logger, why);
            if (time > TimeSpan.Zero)
                Task.Run(GiveUp).Wait(time);
        }
        catch (AggregateException)
        {
            // It ends anyway.
        }

        Thread.Sleep(LogTime);
        // Environment.Exit would first run handlers, which may wait for what hangs.
        if (!OperatingSystem.IsWindows())
            ExitNow(Failed);
        Environment.Exit(Failed);
    }

    [LoggerMessage(431, LogLevel.Critical, "The server ends: {Why}")]
    private static partial void LogEnding(ILogger logger, string why);

    [DllImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern void ExitNow(int status);
}
