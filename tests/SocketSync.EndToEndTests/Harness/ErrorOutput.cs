using System.Text.RegularExpressions;

namespace SocketSync.EndToEndTests;

/// <summary>
/// Errors in what a server printed, however it logs: the server's own lines, Serilog's compact JSON, the host's plain console, and
/// what the runtime says of exceptions that nobody caught, and of assertions.
/// </summary>
internal static partial class ErrorOutput
{
    /// <summary>Each error with the indented lines below it, its stack trace.</summary>
    public static IReadOnlyList<string> In(IReadOnlyList<string> lines)
    {
        var errors = new List<string>();
        for (var i = 0; i < lines.Count; i++)
        {
            if (!Error().IsMatch(lines[i])) continue;
            var first = i;
            while (i + 1 < lines.Count && lines[i + 1].StartsWith("   ", StringComparison.Ordinal)) i++;
            // A host that does not filter it tells so of each probe that finds it unhealthy.
            if (lines[first].Contains("HealthChecks.DefaultHealthCheckService", StringComparison.Ordinal)) continue;
            errors.Add(string.Join('\n', lines.Skip(first).Take(i + 1 - first)));
        }

        return errors;
    }

    [GeneratedRegex(
        """^\d{4}-\d\d-\d\d [^\[]*\[(ERR|FTL)\] |"@l":"(Error|Fatal)"|^(fail|crit): |^Unhandled exception|^Process terminated|^Unobserved task exception""",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Error();
}
