using System.ComponentModel;
using System.Diagnostics;

namespace SocketSync;

/// <summary>
/// A child and its descendants, ended as one: here when the link is closed, and by a <see cref="ProcessGuard"/> when the
/// server is killed. The child has a session of its own where the system has <c>setsid</c>: a Ctrl-C at the server's terminal
/// does not reach it. On Linux it bears a mark in its environment, by which its descendants are found.
/// </summary>
/// <remarks>
/// Not the kernel's PR_SET_PDEATHSIG: it ends the child alone, and already when the thread that started it ends. Not
/// PR_SET_CHILD_SUBREAPER either: whose orphans come to the server would be the host's to collect, which are not only ours.
/// </remarks>
internal sealed class ProcessTree : IDisposable
{
    /// <summary>The variable that holds the mark; behind those of the links that the server itself descends from.</summary>
    public const string MarkVariable = "SOCKETSYNC_LINK";

    private static readonly string? SetSid = OperatingSystem.IsWindows() ? null : ProgramFile.Find("setsid");

    private readonly ProcessGuard? _guard;
    private readonly DescendantProcesses? _descendants;
    private int _ended;

    private ProcessTree(Process child, string mark)
    {
        Child = child;
        if (!OperatingSystem.IsLinux()) return;
        _descendants = new(child.Id, mark);
        _guard = ProcessGuard.Start(child.Id, mark);
    }

    public Process Child { get; }

    /// <summary>How a program is started that a signal from the terminal does not reach; not yet with streams and surroundings.</summary>
    public static ProcessStartInfo Describe(string file, IEnumerable<string> arguments) =>
        SetSid is null ? new(file, arguments) : new(SetSid, [file, .. arguments]);

    /// <exception cref="Win32Exception">It cannot be started.</exception>
    public static ProcessTree Start(ProcessStartInfo start)
    {
        var mark = Guid.NewGuid().ToString("N");
        start.Environment[MarkVariable] = Environment.GetEnvironmentVariable(MarkVariable) is { Length: > 0 } outer ? $"{outer} {mark}" : mark;
        var child = Process.Start(start)!;
        try
        {
            return new(child, mark);
        }
        catch
        {
            child.Kill();
            child.Dispose();
            throw;
        }
    }

    /// <summary>Kills whatever is left of it. Not for a thread that others wait for: it goes through all processes.</summary>
    public void End()
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0) return;
        if (_descendants is not null) _descendants.Kill(isChildAlive: !Child.HasExited);
        else KillTree();
        _guard?.Dispose();
    }

    public void Dispose()
    {
        End();
        Child.Dispose();
    }

    private void KillTree()
    {
        try
        {
            Child.Kill(entireProcessTree: true);
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception or AggregateException or NotSupportedException)
        {
            // It has ended by itself.
        }
    }
}
