using System.CommandLine;
using System.Globalization;

namespace SocketSync.Benchmarks;

/// <summary><c>forward</c>: what a client of a node costs whose resource another node owns, beside one that has connected to the owner.</summary>
internal static class ForwardCommand
{
    private static readonly Scenario[] s_scenarios = [new("one", 1, 1), new("plain", 64, 1), new("many", 1000, 1), new("pipelined", 4, 16)];

    public static Command Create()
    {
        var rounds = new Option<int>("--rounds") { Description = "How often each is measured, in turns; the medians are shown.", DefaultValueFactory = static _ => 5 };
        var seconds = new Option<double>("--seconds") { Description = "How long each time.", DefaultValueFactory = static _ => 4 };
        var warmup = new Option<double>("--warmup") { Description = "Seconds before it.", DefaultValueFactory = static _ => 3 };
        var only = new Option<string[]>("--scenarios") { Description = $"Some of {string.Join(", ", s_scenarios.Select(static scenario => scenario.Name))}.", AllowMultipleArgumentsPerToken = true };
        only.AcceptOnlyFromAmong([.. s_scenarios.Select(static scenario => scenario.Name)]);
        var command = new Command("forward", "Measures two nodes of a cluster: clients of the owner, and clients that the other node leads to it.") { rounds, seconds, warmup, only };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var chosen = parsed.GetValue(only) is { Length: > 0 } names ? s_scenarios.Where(scenario => names.Contains(scenario.Name, StringComparer.Ordinal)) : s_scenarios;
            return await MarkdownTable.PrintAsync("redis-server", "the nodes find each other by it", () => MeasureAsync(
                new() { Rounds = parsed.GetValue(rounds), Seconds = parsed.GetValue(seconds), Warmup = parsed.GetValue(warmup), Scenarios = [.. chosen], Contestants = [] },
                cancellationToken));
        });
        return command;
    }

    private static async Task<MarkdownTable> MeasureAsync(CompareOptions options, CancellationToken cancellationToken)
    {
        await using var nodes = await NodePair.StartAsync(cancellationToken);
        var table = new MarkdownTable("", "requests/s local", "forwarded", "ratio", "p50 µs local", "forwarded", "ratio", "CPU µs local", "forwarded", "ratio");
        foreach (var scenario in options.Scenarios)
        {
            var (local, forwarded) = (new List<LoadReport>(), new List<LoadReport>());
            for (var round = 0; round < options.Rounds; round++)
            {
                local.Add(await LoadProcess.RunAsync(nodes.OwnerPort, scenario, "Line", reconnect: false, nodes.Processes, options, cancellationToken));
                forwarded.Add(await LoadProcess.RunAsync(nodes.OtherPort, scenario, "Line", reconnect: false, nodes.Processes, options, cancellationToken));
            }

            table.Add([
                scenario.Title,
                .. Compare(static report => report.RequestsPerSecond, "N0"),
                .. Compare(static report => report.LatencyMicroseconds.P50, "N0"),
                .. Compare(static report => report.ServerCpuMicrosecondsPerRequest, "N1"),
            ]);

            // Each pair is measured one right after the other: their ratios are steadier than the figures.
            string[] Compare(Func<LoadReport, double?> figure, string format) =>
            [
                Text(Median.Of(local.Select(figure)), format),
                Text(Median.Of(forwarded.Select(figure)), format),
                Text(Median.Of(local.Zip(forwarded, (one, other) => figure(other) / figure(one))), "N2"),
            ];
        }

        return table;
    }

    private static string Text(Median? median, string format) => median?.Value.ToString(format, CultureInfo.InvariantCulture) ?? "?";
}
