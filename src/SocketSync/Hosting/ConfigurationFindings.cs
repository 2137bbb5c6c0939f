namespace SocketSync;

/// <summary>What a reading of the configuration has brought: values that can be bound, and problems.</summary>
internal sealed class ConfigurationFindings
{
    /// <summary>Full path to value, for every key that was given and is right by itself.</summary>
    public Dictionary<string, string?> Values { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Full path of every section that stands there, also of one with nothing in it.</summary>
    public HashSet<string> Sections { get; } = new(StringComparer.OrdinalIgnoreCase);

    public List<ConfigurationProblem> Problems { get; } = [];

    public void Report(string key, string? value, string allowed) => Problems.Add(new(key, value, allowed));

    public bool IsGiven(string key) => Values.ContainsKey(key);

    /// <summary>Whether the key has its problem already, so that what follows from it need not be told.</summary>
    public bool IsFaulty(string key) => Problems.Exists(p => p.Key.Equals(key, StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether a key below this one has a problem.</summary>
    public bool IsFaultyBelow(string key) => Problems.Exists(p => p.Key.StartsWith(key + ":", StringComparison.OrdinalIgnoreCase));
}
