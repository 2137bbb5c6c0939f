namespace SocketSync;

/// <summary>The exit codes, and what is told with them.</summary>
internal static class ServerExit
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int InvalidConfiguration = 2;

    /// <summary>Tells each problem on a line of its own.</summary>
    public static int Invalid(IEnumerable<string> problems)
    {
        foreach (var problem in problems) StandardError.WriteLine(problem.ReplaceLineEndings(" "));
        return InvalidConfiguration;
    }
}
