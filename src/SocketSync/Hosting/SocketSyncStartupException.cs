namespace SocketSync;

/// <summary>
/// The host cannot start, for a reason that its user can mend: an invalid configuration, or an address already in use.
/// Nothing is left half-started.
/// </summary>
public sealed class SocketSyncStartupException : Exception
{
    /// <summary>Creates the exception from its problems.</summary>
    /// <param name="problems">One line for each problem: the key's full path, its value, and what is allowed.</param>
    internal SocketSyncStartupException(IReadOnlyList<string> problems)
        : base(string.Join(Environment.NewLine, problems)) => Problems = problems;

    /// <summary>One line for each problem: the key's full path, its value, and what is allowed.</summary>
    public IReadOnlyList<string> Problems { get; }
}
