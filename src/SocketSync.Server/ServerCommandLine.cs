using System.CommandLine;

namespace SocketSync;

/// <summary>The commands: run, check, healthcheck.</summary>
internal static class ServerCommandLine
{
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
            // Signals are the host's business, and exceptions are told here, in one line each.
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (SocketSyncStartupException e)
        {
            return ServerExit.Invalid(e.Problems);
        }
        catch (Exception e)
        {
            // A bug, before there was a log to tell it to.
            StandardError.WriteLine(e.ToString());
            return ServerExit.Failed;
        }
    }

    private static RootCommand Build()
    {
        var check = new Command("check", "Validate the configuration and print what would run") { TreatUnmatchedTokensAsErrors = false };
        check.SetAction(parsed => CheckCommand.Run(Arguments(parsed)));

        var health = new Command("healthcheck", "Ask the running server's readiness; exit code 0 or 1") { TreatUnmatchedTokensAsErrors = false };
        health.Add(UrlOption);
        health.SetAction((parsed, cancellation) => HealthCheckCommand.RunAsync(Arguments(parsed), parsed.GetValue(UrlOption), cancellation));

        var root = new RootCommand(
            "Lets many TCP clients share one thing that only one may use at a time. Any key of the configuration can be "
            + "given as --Section:Key=value, besides --urls and --environment of ASP.NET Core.")
        {
            ConfigOption, check, health,
        };
        root.TreatUnmatchedTokensAsErrors = false;
        root.SetAction((parsed, _) => RunCommand.RunAsync(Arguments(parsed)));
        return root;
    }

    // What System.CommandLine does not know are keys of the configuration, or mistakes.
    private static ServerArguments Arguments(ParseResult parsed) =>
        new(parsed.GetValue(ConfigOption), CommandLineKeys.Parse(parsed.UnmatchedTokens));
}

/// <summary>What the command line says of the configuration.</summary>
/// <param name="ConfigFile">In place of the shipped appsettings.json.</param>
/// <param name="Keys">Above the file and the environment.</param>
internal sealed record ServerArguments(string? ConfigFile, IReadOnlyDictionary<string, string?> Keys);
