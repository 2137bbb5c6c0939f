using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary>The first signal to stop is the host's, which drains; the second ends the process at once.</summary>
internal sealed partial class SecondSignal : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations;
    private int _signals;

    public SecondSignal() =>
        _registrations = [.. new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT }
            .Select(signal => PosixSignalRegistration.Create(signal, OnSignal))];

    public void Dispose() => _registrations.ForEach(r => r.Dispose());

    private void OnSignal(PosixSignalContext context)
    {
        if (Interlocked.Increment(ref _signals) < 2) return;

        // Environment.Exit would run handlers first, which may wait for what hangs.
        if (!OperatingSystem.IsWindows()) ExitNow(ServerExit.Failed);
        Environment.Exit(ServerExit.Failed);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void ExitNow(int status);
}
