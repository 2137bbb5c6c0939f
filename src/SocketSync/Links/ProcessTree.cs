using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace SocketSync;

/// <summary>
/// A child and its descendants, ended as one. The child has a session of its own where the system has <c>setsid</c>: a
/// Ctrl-C at the server's terminal does not reach it, and descendants whose parent has died are still found. A guard, which
/// waits for the end of its stdin, ends them when the server is killed and can do nothing itself.
/// </summary>
/// <remarks>
/// Not the kernel's PR_SET_PDEATHSIG: it ends the child alone, and already when the thread that started it ends. A descendant
/// that has made a session of its own, and whose parent has died, is beyond reach.
/// </remarks>
internal sealed class ProcessTree : IDisposable
{
    private const int KillSignal = 9;
    private const string GuardScript = "exec >/dev/null 2>&1; read -r _; kill -s KILL -- \"-$1\" \"$1\"";

    private static readonly string? SetSid = OperatingSystem.IsWindows() ? null : ProgramFile.Find("setsid");
    private static readonly string? Shell = OperatingSystem.IsWindows() ? null : ProgramFile.Find("sh");

    private readonly Process? _guard;
    private readonly int _id;
    private int _ended;

    /// <param name="child">Started as <see cref="Start"/> says; belongs to this from now on.</param>
    public ProcessTree(Process child)
    {
        Child = child;
        _id = child.Id;
        _guard = StartGuard(_id);
    }

    public Process Child { get; }

    /// <summary>How a program is started, not yet with streams and surroundings.</summary>
    public static ProcessStartInfo Start(string file, IEnumerable<string> arguments) =>
        SetSid is null ? new(file, arguments) : new(SetSid, [file, .. arguments]);

    /// <summary>Kills whatever is left of it. Not for a thread that others wait for: it goes through all processes.</summary>
    public void End()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0) return;
        Kill(Child);
        // Fails before the child has its own session, and then there are no descendants yet.
        if (SetSid is not null) _ = Kill(-_id, KillSignal);
        if (_guard is not null) Kill(_guard);
    }

    public void Dispose()
    {
        End();
        Child.Dispose();
        _guard?.Dispose();
    }

    private static Process? StartGuard(int id)
    {
        if (SetSid is null || Shell is null) return null;
        try
        {
            return Process.Start(new ProcessStartInfo(SetSid, [Shell, "-c", GuardScript, Shell, id.ToString(CultureInfo.InvariantCulture)])
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
            });
        }
        catch (Win32Exception)
        {
            return null; // No room for another process: the child can do its work all the same.
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException or NotSupportedException)
        {
            // It has ended by itself.
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
