namespace SocketSync;

/// <summary>What a reading of the configuration has brought: values that can be bound, and problems.</summary>
internal sealed class ConfigurationFindings
{
    private readonly Dictionary<string, string?> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _aboveValues = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<ConfigurationProblem> _problems = [];
    private readonly HashSet<string> _faulty = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _aboveFaulty = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Full path to value, for every key that was given and is right by itself.</summary>
    public IReadOnlyDictionary<string, string?> Values => _values;

    /// <summary>Full path of every section that stands there, also of one with nothing in it.</summary>
    public HashSet<string> Sections { get; } = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyList<ConfigurationProblem> Problems => _problems;

    /// <summary>The key was given and is right by itself.</summary>
    public void Give(string key, string? value)
    {
        _values[key] = value;
        AddPathsAbove(key, _aboveValues);
    }

    public void Report(string key, string? value, string allowed)
    {
        _problems.Add(new(key, value, allowed));
        _faulty.Add(key);
        AddPathsAbove(key, _aboveFaulty);
    }

    public bool IsGiven(string key) => _values.ContainsKey(key);

    /// <summary>Whether a key below this one was given, right by itself.</summary>
    public bool IsGivenBelow(string key) => _aboveValues.Contains(key);

    /// <summary>Whether the key has its problem already, so that what follows from it need not be told.</summary>
    public bool IsFaulty(string key) => _faulty.Contains(key);

    /// <summary>Whether a key below this one has a problem.</summary>
    public bool IsFaultyBelow(string key) => _aboveFaulty.Contains(key);

    // Kept, since looking for what stands below a key would take a look at all keys.
    private static void AddPathsAbove(string key, HashSet<string> above)
    {
        for (var end = key.LastIndexOf(':'); end > 0; end = key.LastIndexOf(':', end - 1))
        {
            if (!above.Add(key[..end])) return;
        }
    }
}

/// <summary>One thing wrong with the configuration, told as one line.</summary>
/// <param name="Key">The key's full path, such as <c>SocketSync:Listeners:Default:Port</c>.</param>
/// <param name="Value">What stands there; <see langword="null"/> where nothing does, or where it is a secret.</param>
/// <param name="Allowed">What is allowed, as words that end the sentence.</param>
internal sealed record ConfigurationProblem(string Key, string? Value, string Allowed)
{
    private const int LongestValue = 200;

    public override string ToString() =>
        Value is null ? $"{LogText.Escape(Key)}: {LogText.Escape(Allowed)}" : $"{LogText.Escape(Key)}: '{LogText.Escape(Shortened(Value))}': {LogText.Escape(Allowed)}";

    private static string Shortened(string value) => value.Length <= LongestValue ? value : value[..LongestValue] + "…";
}

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
