namespace SocketSync;

/// <summary>The result of reading the configuration: values that can be bound, and problems.</summary>
internal sealed class ConfigurationFindings
{
    private readonly Dictionary<string, string?> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _aboveValues = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, List<string>> _entries = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<ConfigurationProblem> _problems = [];
    private readonly HashSet<string> _faulty = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> _aboveFaulty = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Maps full path to value, for every key that is set and valid by itself.</summary>
    public IReadOnlyDictionary<string, string?> Values => _values;

    /// <summary>The names of all protocols, built in or the host's own.</summary>
    public IReadOnlyList<string> Languages { get; init; } = ProtocolCatalog.Names;

    /// <summary>The full paths of all sections that are present, including empty ones.</summary>
    public HashSet<string> Sections { get; } = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyList<ConfigurationProblem> Problems => _problems;

    /// <summary>Records a key that is set and valid by itself.</summary>
    public void Give(string key, string? value)
    {
        _values[key] = value;
        AddPathsAbove(key, _aboveValues);
    }

    /// <summary>Records an entry of a list of sections, in the order in which the entries are bound.</summary>
    public void AddEntry(string list, string entry)
    {
        if (!_entries.TryGetValue(list, out var entries)) _entries[list] = entries = [];
        entries.Add(entry);
    }

    /// <summary>
    /// The full paths of the entries of a list of sections, one for each element that is bound: the indexes of a list that was
    /// merged from several sources may have gaps.
    /// </summary>
    public IReadOnlyList<string> EntriesOf(string list) => _entries.GetValueOrDefault(list) ?? [];

    public void Report(string key, string? value, string allowed)
    {
        _problems.Add(new(key, value, allowed));
        _faulty.Add(key);
        AddPathsAbove(key, _aboveFaulty);
    }

    public bool IsGiven(string key) => _values.ContainsKey(key);

    /// <summary>Whether a key below this one is set and valid by itself.</summary>
    public bool IsGivenBelow(string key) => _aboveValues.Contains(key);

    /// <summary>
    /// Whether a problem was already reported for the key, so that problems that follow from it need not be reported.
    /// </summary>
    public bool IsFaulty(string key) => _faulty.Contains(key);

    /// <summary>Whether a key below this one has a problem.</summary>
    public bool IsFaultyBelow(string key) => _aboveFaulty.Contains(key);

    // Cached, because searching for the keys below a path would scan all keys.
    private static void AddPathsAbove(string key, HashSet<string> above)
    {
        for (var end = key.LastIndexOf(':'); end > 0; end = key.LastIndexOf(':', end - 1))
        {
            if (!above.Add(key[..end])) return;
        }
    }
}

/// <summary>One problem in the configuration, formatted as one line.</summary>
/// <param name="Key">The key's full path, such as <c>SocketSync:Listeners:Default:Port</c>.</param>
/// <param name="Value">The value; <see langword="null"/> if there is none, or if it is a secret.</param>
/// <param name="Allowed">What is allowed, as a phrase that ends the sentence.</param>
internal sealed record ConfigurationProblem(string Key, string? Value, string Allowed)
{
    private const int LongestValue = 200;

    public override string ToString() =>
        Value is null ? $"{LogText.Escape(Key)}: {LogText.Escape(Allowed)}" : $"{LogText.Escape(Key)}: '{LogText.Escape(Shortened(Value))}': {LogText.Escape(Allowed)}";

    private static string Shortened(string value) => value.Length <= LongestValue ? value : value[..LongestValue] + "…";
}

/// <summary>
/// Thrown when the host cannot start for a reason that its user can fix: an invalid configuration, or an address already in
/// use. Nothing is left half-started.
/// </summary>
public sealed class SocketSyncStartupException : Exception
{
    /// <summary>Creates the exception from its problems.</summary>
    /// <param name="problems">One line for each problem: the key's full path, its value, and what is allowed.</param>
    internal SocketSyncStartupException(IReadOnlyList<string> problems)
        : base(string.Join(Environment.NewLine, problems)) => Problems = problems;

    /// <summary>One line for each problem: the key's full path, its value, and what is allowed.</summary>
    public IReadOnlyList<string> Problems { get; }

    /// <summary>
    /// The problems alone: this is what the runtime prints of an exception that nobody has caught, and the stack of a configuration's
    /// mistake helps nobody. It is still in <see cref="Exception.StackTrace"/>.
    /// </summary>
    public override string ToString() => $"SocketSync cannot start:{Environment.NewLine}{Message}";
}
