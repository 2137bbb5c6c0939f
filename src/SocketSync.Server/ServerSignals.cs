using System.Runtime.InteropServices;
using Serilog.Events;

namespace SocketSync;

/// <summary>
/// Handles SIGHUP, which would otherwise end the process, by reloading the configuration and the certificates.
/// </summary>
internal sealed class ReloadSignal : IDisposable
{
    private readonly PosixSignalRegistration? _registration;
    private readonly Lock _lock = new();
    private Action? _reload;
    private bool _isPending;

    // On Windows this signal means that the console is closing, and nothing can keep the process alive.
    public ReloadSignal() =>
        _registration = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);

    /// <summary>Sets the callback of the signal; if a signal came earlier, runs it now.</summary>
    public void Follow(Action reload)
    {
        bool isDue;
        lock (_lock)
        {
            _reload = reload;
            isDue = _isPending;
        }

        if (isDue) reload();
    }

    public void Dispose() => _registration?.Dispose();

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        Action? reload;
        lock (_lock)
        {
            reload = _reload;
            _isPending |= reload is null;
        }

        reload?.Invoke();
    }
}

/// <summary>Reloads the configuration and the certificates, and logs the result in one line.</summary>
internal static class ReloadOnSignal
{
    public static Action Of(WebApplication app, Serilog.ILogger logger)
    {
        var stopping = app.Lifetime.ApplicationStopping; // Usable even after the server is disposed.
        return () => RunAsync(app, logger, stopping).Observe();
    }

    private static async Task RunAsync(WebApplication app, Serilog.ILogger logger, CancellationToken stopping)
    {
        if (stopping.IsCancellationRequested)
        {
            logger.Information("SIGHUP: the server is stopping, nothing is read again");
            return;
        }

        try
        {
            if (app.Services.GetRequiredService<SocketSyncService>().Watcher is not { } watcher || await watcher.RereadAsync() is not { } outcome) return;
            var certificates = app.Services.GetRequiredService<CertificatesInUse>().Reread();
            var isKept = outcome.Faults.Count > 0 || certificates.Contains(FileChange.Refused);
            logger.Write(
                isKept ? LogEventLevel.Warning : LogEventLevel.Information,
                "SIGHUP: {Configuration}; {Certificates}",
                Describe(outcome),
                Describe(certificates));
        }
        catch (Exception e)
        {
            // An exception in a signal handler would end the process, although it can still serve its clients.
            logger.Error(e, "SIGHUP: the configuration could not be read again, the old settings stay");
        }
    }

    private static string Describe(ConfigurationOutcome outcome)
    {
        if (outcome.Faults.Count > 0) return $"the configuration is not applied, the old settings stay: {string.Join("; ", outcome.Faults)}";
        List<string> parts = [];
        if (outcome.Applied.Count > 0) parts.Add($"the configuration is applied to {string.Join(", ", outcome.Applied)}");
        if (outcome.NeedsRestart.Count > 0) parts.Add($"a restart is needed for {string.Join(", ", outcome.NeedsRestart)}");
        return parts.Count > 0 ? string.Join("; ", parts) : "the configuration is as before";
    }

    private static string Describe(IReadOnlyList<FileChange> certificates)
    {
        if (certificates.Count == 0) return "there are no certificates";
        List<string> parts = [];
        if (Count(FileChange.Replaced) is > 0 and var replaced) parts.Add($"{replaced} of {certificates.Count} certificates replaced");
        if (Count(FileChange.Refused) is > 0 and var refused) parts.Add($"{refused} of {certificates.Count} certificates cannot be used, the former stay");
        return parts.Count > 0 ? string.Join("; ", parts) : "the certificates are as before";

        int Count(FileChange change) => certificates.Count(c => c == change);
    }
}

/// <summary>Ends the process at once on the second stop signal; on the first, the host drains.</summary>
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

        // Environment.Exit would first run handlers, which may wait for what hangs.
        if (!OperatingSystem.IsWindows()) ExitNow(ServerExit.Failed);
        Environment.Exit(ServerExit.Failed);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void ExitNow(int status);
}
