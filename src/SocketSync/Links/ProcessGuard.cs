using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;

namespace SocketSync;

/// <summary>
/// Ends a child and its descendants when the server is killed and can do nothing itself: a shell that waits for the end of
/// its stdin, and then looks for them as <see cref="DescendantProcesses"/> does.
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

        child=$1 mark=$2 killed=' '
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
          [ -n "$new" ] || exit 0
        done
        """;

    private static readonly string? Shell = OperatingSystem.IsWindows() ? null : ProgramFile.Find("sh");

    private readonly Process _shell;

    private ProcessGuard(Process shell) => _shell = shell;

    /// <returns><see langword="null"/>: this system has no shell, or no room for another process. The child can do its work all the same.</returns>
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
