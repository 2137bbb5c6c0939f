using System.CommandLine;

namespace SocketSync.Benchmarks;

/// <summary><c>compare</c>: SocketSync beside what a user would take in its place, in one run.</summary>
internal static class CompareCommand
{
    private static readonly Option<int> Rounds = new("--rounds") { Description = "How often each is measured.", DefaultValueFactory = static _ => 5 };
    private static readonly Option<double> Seconds = new("--seconds") { Description = "Measured time of each, in each scenario and round.", DefaultValueFactory = static _ => 5 };
    private static readonly Option<double?> Warmup = new("--warmup") { Description = "Seconds before it. For programs that compile while they run. [default: twice --seconds, at most 5]" };
    private static readonly Option<string?> Only = new("--only") { Description = "One half of it. [default: both]" };
    private static readonly Option<string[]> Scenarios = new("--scenarios") { Description = $"Of {string.Join(", ", Scenario.All.Select(static s => s.Name))}. [default: all]", CustomParser = Split };
    private static readonly Option<string[]> Names = new("--contestants") { Description = $"Of {string.Join(", ", AllNames)}. [default: all]", CustomParser = Split };
    private static readonly Option<int?> Connections = new("--connections") { Description = "Clients, in place of each scenario's own number." };
    private static readonly Option<string?> Write = new("--write") { Description = "A directory with a performance.md, whose results are replaced; the plot goes beside it." };

    private static IEnumerable<string> AllNames => Contestants.Echo.Concat(Contestants.Relay(0)).Select(static c => c.Name).Distinct(StringComparer.Ordinal);

    public static Command Create()
    {
        Only.AcceptOnlyFromAmong("echo", "relay");
        var command = new Command("compare", "Measures SocketSync beside others, in turn and several times, each as its own process.")
        {
            Rounds, Seconds, Warmup, Only, Scenarios, Names, Connections, Write,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static string[] Split(System.CommandLine.Parsing.ArgumentResult result) =>
        [.. result.Tokens.SelectMany(static t => t.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        try
        {
            var options = Read(parsed);
            var directory = parsed.GetValue(Write);
            if (directory is not null) ResultsFile.Check(directory); // before a quarter of an hour is spent
            using var place = new Workplace();
            var measurements = await new Comparison(options, place, Console.Error).RunAsync(cancellationToken);
            var text = new ComparisonText(options, measurements).Write();
            Console.Out.Write(text);
            if (directory is not null)
            {
                ResultsFile.Write(directory, text);
                ComparisonPlot.Save(directory, options, measurements);
            }
            return measurements.Any(static m => m.Contestant == Contestant.Own && m.Failure is not null) ? 1 : 0;
        }
        catch (LoadFailureException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
        catch (OperationCanceledException)
        {
            return 1;
        }
    }

    private static CompareOptions Read(ParseResult parsed)
    {
        var (rounds, seconds, connections) = (parsed.GetValue(Rounds), parsed.GetValue(Seconds), parsed.GetValue(Connections));
        if (rounds is < 1 or > 1000) throw new LoadFailureException($"--rounds {rounds}: 1 to 1000.");
        if (!(seconds is > 0 and <= 3600)) throw new LoadFailureException($"--seconds {seconds}: more than 0, at most 3600.");
        if (connections is < 1 or > 1000) throw new LoadFailureException($"--connections {connections}: 1 to 1000.");
        if (!OperatingSystem.IsLinux()) throw new LoadFailureException("compare runs on Linux only.");
        var only = parsed.GetValue(Only);
        var scenarios = Known("--scenarios", parsed.GetValue(Scenarios) ?? [], Scenario.All.Select(static s => s.Name));
        return new CompareOptions
        {
            Rounds = rounds,
            Seconds = seconds,
            Warmup = parsed.GetValue(Warmup) ?? Math.Min(2 * seconds, 5),
            Contestants = Known("--contestants", parsed.GetValue(Names) ?? [], AllNames),
            Scenarios = [.. Scenario.All
                .Where(s => only is null || (only == "relay") == s.Work.HasValue)
                .Where(s => scenarios.Length == 0 || scenarios.Contains(s.Name, StringComparer.OrdinalIgnoreCase))
                .Select(s => connections is { } c ? s with { Connections = c } : s)],
        };
    }

    private static string[] Known(string option, string[] given, IEnumerable<string> known) =>
        given.FirstOrDefault(name => !known.Contains(name, StringComparer.OrdinalIgnoreCase)) is { } wrong
            ? throw new LoadFailureException($"{option} {wrong}: one of {string.Join(", ", known)}.")
            : given;
}
