using System.Globalization;
using System.Text.RegularExpressions;

namespace SocketSync.EndToEndTests;

/// <summary>A command that a page prints behind "$", and the lines below it, which it is to print.</summary>
internal sealed partial record PrintedCommand(string Command, IReadOnlyList<string> Output)
{
    /// <summary>How the pages call the server, which is not built once more for a test.</summary>
    public const string Server = "dotnet run --project src/SocketSync.Server --";

    private const string Prompt = "$ ";
    private static readonly string[] Tools = ["mbpoll", "nc", "socat", "curl"];

    /// <summary>Those of all blocks that show a terminal.</summary>
    public static IReadOnlyList<PrintedCommand> In(string page)
    {
        List<(string Command, List<string> Output)> commands = [];
        foreach (var line in page.Split("\n```").Where(part => part.StartsWith("console\n", StringComparison.Ordinal)).SelectMany(part => part.Split('\n').Skip(1)))
        {
            if (line.StartsWith(Prompt, StringComparison.Ordinal)) commands.Add((line[Prompt.Length..], []));
            else commands[^1].Output.Add(line);
        }

        return [.. commands.Select(command => new PrintedCommand(command.Command, command.Output))];
    }

    /// <summary>Ends the test where a program that one of these commands calls is not there.</summary>
    public static void RequireTools(IEnumerable<PrintedCommand> commands) =>
        Tool.Require([.. Tools.Where(tool => commands.Any(command => Regex.IsMatch(command.Command, $@"(^|[|;] |do ){tool} ", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))))]);

    /// <summary>Runs it in a shell, and compares; how wide its columns are, and empty lines, do not matter.</summary>
    /// <param name="ports">For each port that the page prints the one that there is.</param>
    public async Task AssertPrintsAsync(IReadOnlyDictionary<int, int> ports)
    {
        var command = WithPorts(Command, ports).Replace(Server, $"dotnet '{ServerProcess.Assembly("ServerAssembly")}'", StringComparison.Ordinal);
        // Line by line, as on a terminal, so that errors stand where they do there.
        await using var shell = new ChildProcess("stdbuf", ["-oL", "sh", "-c", $"exec 2>&1\n{command}"]);
        shell.Input.Close();
        await shell.ExitAsync(TimeSpan.FromSeconds(30));
        Assert.True(Normal(Output).SequenceEqual(Normal(shell.Output), StringComparer.Ordinal), $"{Command}\nwas to print\n{string.Join('\n', Output)}\nand printed\n{shell.Log}");
    }

    /// <summary>A text of a page with the ports that there are.</summary>
    public static string WithPorts(string text, IReadOnlyDictionary<int, int> ports) => Number().Replace(
        text, match => ports.TryGetValue(int.Parse(match.Value, CultureInfo.InvariantCulture), out var port) ? $"{port}" : match.Value);

    private static IEnumerable<string> Normal(IEnumerable<string> lines) =>
        lines.Select(line => string.Join(' ', line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))).Where(line => line.Length > 0);

    [GeneratedRegex(@"\b\d{4,5}\b", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Number();
}
