using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace SocketSync;

/// <summary>
/// A child process and its descendants, which end together: here when the link is closed, and by a <see cref="ProcessGuard"/>
/// when the server is killed. If the system has <c>setsid</c>, the child gets its own session, so that a Ctrl-C at the server's
/// terminal does not reach it. On Linux its environment contains a mark, by which its descendants are found.
/// </summary>
/// <remarks>
/// Why not PR_SET_PDEATHSIG: it ends the child alone, and does so as soon as the thread that started it ends. Why not
/// PR_SET_CHILD_SUBREAPER: the server would become the parent of orphans that are not ours too, and would have to reap them.
/// </remarks>
internal sealed class ProcessTree : IDisposable
{
    /// <summary>The variable that holds the mark, after the marks of the links that the server itself descends from.</summary>
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

    /// <summary>How to start a program so that signals from the terminal do not reach it; streams and environment are still to be set.</summary>
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

    /// <summary>Kills what is left of it. Slow, since it looks at all processes: not for a thread that others wait for.</summary>
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

/// <summary>
/// Ends a child and its descendants when the server is killed and cannot do it itself: a shell that waits for the end of its
/// stdin, and then looks for them as <see cref="DescendantProcesses"/> does.
/// </summary>
internal sealed class ProcessGuard : IDisposable
{
    /// <summary>$1 is the child, $2 its mark.</summary>
    internal const string Script = """
        trap '' HUP INT QUIT TERM
        exec >/dev/null 2>&1
        read -r _

        marked() {
          if command -v grep >/dev/null; then
            grep -lsF -- "$mark" /proc/[0-9]*/environ
          else
            for environ in /proc/[0-9]*/environ; do
              while IFS= read -r line || [ -n "$line" ]; do
                case $line in *"$mark"*) echo "$environ"; break ;; esac
              done <"$environ"
            done
          fi
        }

        # One that is in the middle of an exec has no environment that could be read: who is not seen once may be seen the next time.
        child=$1 mark=$2 killed=' ' calm=
        while :; do
          family=' ' grown=1 new=
          for found in $(marked); do found=${found#/proc/}; family="$family${found%/*} "; done
          while [ -n "$grown" ]; do
            grown=
            for folder in /proc/[0-9]*; do
              id=${folder#/proc/}
              case $family in *" $id "*) continue ;; esac
              read -r stat <"$folder/stat" || continue
              set -- ${stat##*) }
              [ "$1" != Z ] || continue
              case $family in *" $2 "*) ;; *) [ "$4" = "$child" ] || continue ;; esac
              family="$family$id " grown=1
            done
          done
          for id in $family; do
            kill -s KILL "$id"
            case $killed in *" $id "*) ;; *) killed="$killed$id " new=1 ;; esac
          done
          if [ -n "$new" ]; then calm=; else calm=.$calm; fi
          [ "$calm" != ... ] || exit 0
        done
        """;

    private static readonly string? Shell = OperatingSystem.IsWindows() ? null : ProgramFile.Find("sh");

    private readonly Process _shell;

    private ProcessGuard(Process shell) => _shell = shell;

    /// <returns><see langword="null"/> if the system has no shell, or no room for another process. The child can work without it.</returns>
    public static ProcessGuard? Start(int child, string mark)
    {
        if (Shell is null) return null;
        var start = ProcessTree.Describe(Shell, ["-c", Script, Shell, child.ToString(CultureInfo.InvariantCulture), mark]);
        start.UseShellExecute = false;
        start.RedirectStandardInput = true;
        try
        {
            return new(Process.Start(start)!);
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    public void Dispose()
    {
        try
        {
            _shell.Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It has ended by itself.
        }

        _shell.Dispose();
    }
}

/// <summary>Finds a program as a shell would: by its path, or by its name along PATH.</summary>
internal static class ProgramFile
{
    /// <param name="name">A path if it contains a slash, else a name.</param>
    /// <param name="directory">Where a relative path starts; <see langword="null"/> for the current directory.</param>
    public static string? Find(string name, string? directory = null)
    {
        if (name.Contains('/', StringComparison.Ordinal) || Path.IsPathFullyQualified(name))
            return Existing(Path.GetFullPath(Path.Combine(directory ?? "", name)));

        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        var folders = path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(f => Existing(Path.Combine(f, name))).FirstOrDefault(f => f is not null && IsExecutable(f));
    }

    public static bool IsExecutable(string file) =>
        OperatingSystem.IsWindows()
        || (File.GetUnixFileMode(file) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != UnixFileMode.None;

    private static string? Existing(string file) => File.Exists(file) ? file : null;
}
