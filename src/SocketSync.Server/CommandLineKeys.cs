namespace SocketSync;

/// <summary>Keys of the configuration on the command line: <c>--Section:Key=value</c> or <c>--Section:Key value</c>.</summary>
internal static class CommandLineKeys
{
    /// <summary>Keys of the ASP.NET Core host that stand in no section.</summary>
    private static readonly string[] HostKeys = ["urls", "environment", "http_ports", "https_ports"];

    private static readonly string[] Options = ["--config", "--help", "--version", .. HostKeys.Select(k => "--" + k)];

    private static readonly string[] Commands = ["check", "healthcheck"];

    /// <exception cref="SocketSyncStartupException">Something is no key, or has no value; one line for each.</exception>
    public static IReadOnlyDictionary<string, string?> Parse(IReadOnlyList<string> tokens)
    {
        var keys = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        var problems = new List<string>();
        for (var i = 0; i < tokens.Count; i++)
        {
            var (key, value) = Split(tokens[i]);
            var isOption = key.StartsWith("--", StringComparison.Ordinal);
            if (isOption && value is null && i + 1 < tokens.Count && !tokens[i + 1].StartsWith("--", StringComparison.Ordinal))
                value = tokens[++i];

            if (!IsKey(key)) problems.Add(Unknown(key));
            else if (value is null) problems.Add($"{key}: needs a value, written {key}=VALUE");
            else keys[key[2..]] = value;
        }

        return problems.Count == 0 ? keys : throw new SocketSyncStartupException(problems);
    }

    private static (string Key, string? Value) Split(string token) =>
        token.Split('=', 2) is [var key, var value] ? (key, value) : (token, null);

    private static bool IsKey(string key) =>
        key.StartsWith("--", StringComparison.Ordinal)
        && (key.IndexOf(':', StringComparison.Ordinal) > 2 || HostKeys.Contains(key[2..], StringComparer.OrdinalIgnoreCase));

    private static string Unknown(string word)
    {
        var isOption = word.StartsWith('-');
        var near = KnownKeys.Nearest(word, isOption ? Options : Commands);
        var help = near is null ? "keys of the configuration are written --Section:Key=value; see --help" : $"did you mean {near}?";
        return $"{word}: is not a known {(isOption ? "option" : "command")}; {help}";
    }
}
