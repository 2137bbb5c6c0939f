using System.Net.Sockets;
using System.Security.Cryptography;

namespace SocketSync;

/// <summary>The exit codes, and how problems are reported.</summary>
internal static class ServerExit
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int InvalidConfiguration = 2;

    /// <summary>Writes each problem to stderr on its own line, and returns the exit code.</summary>
    public static int Invalid(IEnumerable<string> problems)
    {
        foreach (var problem in problems) StandardErrorWriter.WriteLine(problem.ReplaceLineEndings(" "));
        return InvalidConfiguration;
    }
}

/// <summary>
/// Recognizes start failures that the user can fix; they are reported in one line instead of a stack trace.
/// </summary>
internal static class StartFailure
{
    public static IReadOnlyList<string>? Describe(Exception exception, IReadOnlyList<HttpEndPoint> endpoints) => exception switch
    {
        SocketSyncStartupException startup => startup.Problems,
        AggregateException { InnerExceptions: [var only] } => Describe(only, endpoints),
        IOException or SocketException or UnauthorizedAccessException or FormatException or InvalidOperationException
            or ArgumentException or CryptographicException when IsKestrels(exception) => [Line(exception.Message, endpoints)],
        _ => null,
    };

    // Kestrel reports an address or a setting that it cannot use by these exceptions; from other code they are bugs.
    private static bool IsKestrels(Exception exception) =>
        exception.StackTrace?.Contains("Microsoft.AspNetCore.Server.Kestrel", StringComparison.Ordinal) == true;

    /// <summary>Makes the line of what Kestrel, or the system, says of an address.</summary>
    public static string Line(string message, IReadOnlyList<HttpEndPoint> endpoints)
    {
        var named = endpoints.Where(e => message.Contains(e.Url.TrimEnd('/'), StringComparison.OrdinalIgnoreCase)).ToList();
        var meant = named.Count > 0 ? named : endpoints;
        var hint = message.EndsWith("address already in use.", StringComparison.Ordinal) ? " HTTP can be served elsewhere: --urls http://localhost:8081" : "";
        return $"{string.Join(", ", meant.Select(e => e.Key).Distinct(StringComparer.Ordinal))}: '{string.Join(", ", meant.Select(e => e.Url))}': {message}{hint}";
    }
}
