using Microsoft.Extensions.Hosting.Systemd;

namespace SocketSync;

/// <summary>Tells systemd, or whoever else has set NOTIFY_SOCKET, when the server is ready and when it stops.</summary>
internal static class SystemdNotices
{
    /// <remarks>
    /// Not by <c>UseSystemd</c>: that heeds only systemd's direct child, and lets Ctrl-C end the process without a drain.
    /// </remarks>
    public static void UseSystemdNotices(this WebApplication app)
    {
        var systemd = new SystemdNotifier();
        if (!systemd.IsEnabled) return;

        // Programs that links start are not to speak for the server.
        Environment.SetEnvironmentVariable("NOTIFY_SOCKET", null);
        app.Lifetime.ApplicationStarted.Register(() => systemd.Notify(ServiceState.Ready)); // The listeners are open by then.
        app.Lifetime.ApplicationStopping.Register(() => systemd.Notify(ServiceState.Stopping));
    }
}
