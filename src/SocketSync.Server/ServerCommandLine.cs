using System.CommandLine;

namespace SocketSync;

/// <summary>The commands. Without one, the server is run.</summary>
internal static class ServerCommandLine
{
    /// <summary>What the help calls the program: the command where it is installed as one, else what lies in the build's folder.</summary>
    private static readonly string Program = Path.GetFileNameWithoutExtension(Environment.ProcessPath) is "socketsync" ? "socketsync" : "SocketSync.Server";

    private static readonly Option<string?> ConfigOption = new("--config")
    {
        Description = "Read this file in place of the shipped appsettings.json",
        HelpName = "FILE",
        Recursive = true,
    };

    private static readonly Option<string?> UrlOption = new("--url")
    {
        Description = "What to ask; by default the readiness of the server that the configuration and the environment describe",
        HelpName = "URL",
    };

    public static async Task<int> InvokeAsync(string[] args)
    {
        var parsed = Build().Parse(args, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0) return ServerExit.Invalid(parsed.Errors.Select(e => e.Message));
        try
        {
            // The host handles signals; exceptions are reported here, in one line each.
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (SocketSyncStartupException e)
        {
            return ServerExit.Invalid(e.Problems);
        }
        catch (Exception e)
        {
            // A bug, before the logger exists.
            StandardErrorWriter.WriteLine(e.ToString());
            return ServerExit.Failed;
        }
    }

    /// <summary>Builds the command line, with every command and option.</summary>
    internal static RootCommand Build()
    {
        var health = new Command("healthcheck", "Ask the running server's readiness; exit code 0 or 1.\n\nExample: healthcheck --url http://127.0.0.1:8080/health/ready")
        {
            TreatUnmatchedTokensAsErrors = false,
        };
        health.Add(UrlOption);
        health.SetAction((parsed, cancellation) => HealthCheckCommand.RunAsync(Arguments(parsed), parsed.GetValue(UrlOption), cancellation));

        var root = new RootCommand(
            $"""
            Lets many TCP clients share one thing that only one may use at a time. Without a command it runs the server. Any key of the configuration can be given as --Section:Key=value, besides --urls and --environment of ASP.NET Core. Exit code 0 after SIGTERM or Ctrl-C, 1 after a failure or a second of these signals, 2 if it cannot start as it is told to; SIGHUP reads the configuration again.

            Examples:
              {Program} --config plant.json
              {Program} relay --listen 1502 --to 192.0.2.10:502 --protocol ModbusTcp
              {Program} check --config plant.json
            """)
        {
            ConfigOption, RelayCommand.Build(RunCommand.RunAsync), CheckCommand.Build(Arguments), health, AskCommand.Build(), StatusCommand.Build(), JournalCommand.Build(), SimulateCommand.Build(),
        };
        foreach (var steering in SteeringCommands.Build()) root.Add(steering);
        root.HelpName = Program;
        root.TreatUnmatchedTokensAsErrors = false;
        root.SetAction((parsed, _) => RunCommand.RunAsync(Arguments(parsed)));
        return root;
    }

    // Tokens that System.CommandLine does not know are configuration keys, or mistakes.
    private static ServerArguments Arguments(ParseResult parsed) =>
        new(parsed.GetValue(ConfigOption), CommandLineKeys.Parse(parsed.UnmatchedTokens));
}

/// <summary>The command line's configuration arguments.</summary>
/// <param name="ConfigFile">The file to read instead of the shipped appsettings.json.</param>
/// <param name="Keys">The configuration keys; they override the file and the environment.</param>
internal sealed record ServerArguments(string? ConfigFile, IReadOnlyDictionary<string, string?> Keys)
{
    /// <summary>What takes the place of a file, as the text of one.</summary>
    public string? Settings { get; init; }
}

/// <summary>
/// Parses configuration keys on the command line: <c>--Section:Key=value</c> or <c>--Section:Key value</c>.
/// </summary>
internal static class CommandLineKeys
{
    /// <summary>Keys of the ASP.NET Core host outside any section.</summary>
    private static readonly string[] HostKeys = ["urls", "environment", "http_ports", "https_ports"];

    private static readonly string[] Options = ["--config", "--probe", "--help", "--version", .. HostKeys.Select(k => "--" + k)];

    private static readonly string[] Commands = ["relay", "check", "healthcheck", "ask", "status", "pause", "resume", "close", "move", "journal", "simulate"];

    /// <exception cref="SocketSyncStartupException">A token is not a key, or has no value; one line for each.</exception>
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

    /// <summary>What a command without configuration keys does not know, one line for each; the value of an option needs none.</summary>
    public static List<string> ProblemsOf(ParseResult parsed)
    {
        var options = parsed.UnmatchedTokens.Where(token => token.StartsWith('-')).ToList();
        return [.. (options.Count > 0 ? options : parsed.UnmatchedTokens).Select(token => $"{token}: is not known to {parsed.CommandResult.Command.Name}; see its --help")];
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
