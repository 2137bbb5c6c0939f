using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

/// <summary>
/// Runs inside a server under test (DOTNET_STARTUP_HOOKS). An exception in a task that nobody looks at shows only when the task is
/// collected, which in a short test is never: this collects when the server ends, and tells on stderr what comes of it.
/// SIGUSR1 leaves such a task behind and collects, for the test of the tests; SIGUSR2 collects.
/// </summary>
[SuppressMessage("Design", "CA1050:Declare types in namespaces", Justification = "The runtime looks for this name, in no namespace.")]
[SuppressMessage("Design", "MA0047:Declare types in namespaces", Justification = "The runtime looks for this name, in no namespace.")]
internal static class StartupHook
{
    private const string Dropped = "a task that nobody looks at";

    private const PosixSignal User1 = (PosixSignal)10;

    private const PosixSignal User2 = (PosixSignal)12;

    private static readonly List<PosixSignalRegistration> s_signals = [];

    public static void Initialize()
    {
        TaskScheduler.UnobservedTaskException += (_, e) =>
            Console.Error.WriteLine("Unobserved task exception: " + e.Exception.ToString().ReplaceLineEndings("\n    "));
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Collect();
        s_signals.Add(PosixSignalRegistration.Create(User1, context =>
        {
            context.Cancel = true;
            Drop();
            Collect();
        }));
        s_signals.Add(PosixSignalRegistration.Create(User2, context =>
        {
            context.Cancel = true;
            Collect();
        }));
    }

    // Twice: what the first finalizers let go of can hold a task too.
    private static void Collect()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    // By another thread, on whose stack nothing of it is left.
    private static void Drop()
    {
        var thread = new Thread(() => _ = Task.FromException(new InvalidOperationException(Dropped)));
        thread.Start();
        thread.Join();
    }
}
