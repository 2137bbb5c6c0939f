using System.Globalization;
using System.Text;

namespace SocketSync.Benchmarks;

/// <summary>The tables of a comparison, in Markdown.</summary>
internal sealed class ComparisonText(CompareOptions options, IReadOnlyList<Measurement> measurements)
{
    private readonly StringBuilder _text = new();

    public string Write()
    {
        Line($"{Machine.Describe()}; {Machine.Versions()}. Each figure is the median of {options.Rounds} {(options.Rounds == 1 ? "round" : "rounds")} of {options.Seconds} s after {options.Warmup} s of warm-up; behind a ratio, the least and the most of a round. CPU: time per request on all cores, system calls included. Measured on {DateTime.UtcNow:yyyy-MM-dd}.");
        foreach (var scenario in options.Scenarios.Where(static s => s.Work is null)) Echo(scenario);
        foreach (var scenario in options.Scenarios.Where(static s => s.Work is not null)) Relay(scenario);
        Names();
        return _text.ToString();
    }

    private void Echo(Scenario scenario)
    {
        Line($"### Echo, lines of 64 bytes: {scenario.Title}");
        var isBurst = scenario.Name == "burst";
        string[] more = isBurst ? ["all served after", "fairness in second 2", "of its rate at 64"] : [];
        var table = new MarkdownTable(["server", "requests/s", "SocketSync ÷ it", "p50 µs", "p99 µs", "fairness", "server CPU µs", "client CPU µs", .. more]);
        var own = new Row(Contestant.Own, scenario, measurements);
        var failures = new List<string>();
        foreach (var contestant in Contestants.Echo.Where(c => options.Takes(c.Name)))
        {
            var row = new Row(contestant.Name, scenario, measurements);
            failures.AddRange(row.Failures.Select(f => $"{row.Contestant}: {f}"));
            string[] extra = isBurst ? [Seconds(row.Of(static r => r.AllServedSeconds)), Number(row.Of(FairnessInSecond2), 2), Ratio(row.Over(new Row(contestant.Name, Scenario.All[0], measurements)))] : [];
            table.Add([Name(contestant, row), Number(row.Rate), contestant.Name == Contestant.Own ? "1" : Ratio(own.Over(row)), .. Common(row), .. extra]);
        }
        Finish(table, failures);
    }

    private void Relay(Scenario scenario)
    {
        Line($"### Relay, {(scenario.Protocol == "Line" ? "lines of 64 bytes" : "writes of one register by " + scenario.Protocol)}: {scenario.Title}");
        var table = new MarkdownTable("way", "clients", "requests/s", "of the direct client", "p50 µs", "p99 µs", "fairness", "server CPU µs", "client CPU µs");
        var direct = new Row(Contestants.Direct, scenario, measurements);
        table.Add(["direct", "1", Number(direct.Rate), "1", .. Common(direct)]);
        var failures = direct.Failures.Select(static f => $"direct: {f}").ToList();
        foreach (var contestant in Contestants.Relay(0, scenario.Protocol).Where(c => options.Takes(c.Name)))
        {
            var row = new Row(contestant.Name, scenario, measurements);
            failures.AddRange(row.Failures.Select(f => $"{row.Contestant}: {f}"));
            table.Add([Name(contestant, row), Plain($"{scenario.Connections}"), Number(row.Rate), Ratio(row.Over(direct)), .. Common(row)]);
        }
        Finish(table, failures);
    }

    private void Names()
    {
        Line($"### Who is who");
        if (options.Scenarios.Any(static s => s.Work is null)) List(Contestants.Echo, "");
        if (options.Scenarios.All(static s => s.Work is null)) return;
        _text.AppendLine("- direct: one client that has the device to itself; its CPU time is the device's");
        List(Contestants.Relay(0), " as a relay");
    }

    private void List(IEnumerable<Contestant> contestants, string role)
    {
        foreach (var contestant in contestants.Where(c => options.Takes(c.Name))) _text.AppendLine(Plain($"- {contestant.Name}{role}: {contestant.What}"));
    }

    private static string[] Common(Row row) =>
    [
        Number(row.Of(static r => r.LatencyMicroseconds.P50)), Number(row.Of(static r => r.LatencyMicroseconds.P99)), Number(row.Of(static r => r.Fairness), 2),
        Number(row.Of(static r => r.ServerCpuMicrosecondsPerRequest), 2), Number(row.Of(static r => r.ClientCpuMicrosecondsPerRequest), 2),
    ];

    // Of the last second that ended within two, counted from the first connect.
    private static double? FairnessInSecond2(LoadReport report) => report.PerSecond.LastOrDefault(static s => s.End <= 2.1)?.Fairness;

    private static string Name(Contestant contestant, Row row) => (contestant.IsInstalled, row.IsEmpty) switch
    {
        (false, _) => $"{contestant.Name} (not installed)",
        (_, true) => $"{contestant.Name} (failed)",
        _ => contestant.Name,
    };

    private void Finish(MarkdownTable table, List<string> failures)
    {
        _text.Append(table).AppendLine();
        foreach (var failure in failures) _text.AppendLine($"Failed: {failure}").AppendLine();
    }

    private void Line(FormattableString line) => _text.AppendLine(line.ToString(CultureInfo.InvariantCulture)).AppendLine();

    private static string Number(Median? median, int digits = 0) => median is { } m ? m.Value.ToString($"N{digits}", CultureInfo.InvariantCulture) : "–";

    private static string Seconds(Median? median) => median is { } m ? Plain($"{m.Value:F2} s") : "–";

    private static string Ratio(Median? median) => median is { } m ? Plain($"**{m.Value:F2}** ({m.Least:F2}–{m.Most:F2})") : "–";

    private static string Plain(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
