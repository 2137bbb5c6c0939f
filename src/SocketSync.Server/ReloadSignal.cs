using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary>SIGHUP, which would end the process, has the configuration and the certificates read again.</summary>
internal sealed class ReloadSignal : IDisposable
{
    private readonly PosixSignalRegistration? _registration;
    private readonly Lock _lock = new();
    private Action? _reload;
    private bool _isPending;

    // On Windows this signal says that the console closes, and nothing can keep the process alive.
    public ReloadSignal() =>
        _registration = OperatingSystem.IsWindows() ? null : PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);

    /// <summary>What the signal brings about from now on; one that came before is made up for.</summary>
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
