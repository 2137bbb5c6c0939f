using System.Text.Json;
using System.Text.RegularExpressions;

namespace SocketSync.EndToEndTests;

/// <summary>The dashboard and the alerts in docs against what a running server exports.</summary>
public sealed partial class GrafanaTests
{
    /// <summary>What Prometheus adds to every sample that it takes.</summary>
    private static readonly string[] OfPrometheus = ["instance", "job"];

    /// <summary>Metrics that are there when the first of it has happened.</summary>
    private static readonly string[] OnceItHappens =
        ["socketsync_cluster_takeovers_total", "socketsync_cluster_fenced_total", "socketsync_cluster_lease_renewal_duration_seconds_bucket"];

    private static readonly JsonElement Dashboard = ReadDashboard();

    [Fact]
    public async Task ShowsWhatIsExportedAndNothingElse()
    {
        using var files = new TestFiles();
        await using var server = await ServerProcess.StartUnreadyAsync($$"""
            "Journal": { "Path": "{{files["log.jsonl"]}}" },
            "Listeners": { "Echo": { "Port": 0 }, "Relay": { "Port": 0 } },
            "Resources": {
              "Echo": { "Protocol": { "Name": "Line" } },
              "Relay": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { "Tcp": { "Host": "127.0.0.1", "Port": {{FreePort.Next()}} } } }
            }
            """);
        using var client = await server.ConnectAsync("Echo");
        Assert.Equal("a", await client.AskAsync("a"));
        await server.WaitForMetricAsync(1, "socketsync_turn_duration_seconds_count");
        var exported = Samples(await server.MetricsAsync());
        AssertShows(Expressions().Where(expression => !IsOfCluster(expression)).ToList(), exported);
        AssertExported(Alerts().Where(alert => !IsOfCluster(alert)), exported);
    }

    [Fact]
    public async Task AlertsAreWhatPrometheusTakesAndFireWhenTheyShould()
    {
        Tool.Require("promtool");
        using var files = new TestFiles();
        var rules = files.Write("socketsync.rules.yml", await File.ReadAllTextAsync(RulesFile, TestContext.Current.CancellationToken));
        var test = files.Write("test.yml", await File.ReadAllTextAsync(
            Path.Combine(Recipe.Repository, "tests", "SocketSync.EndToEndTests", "Prometheus.rules.test.yml"), TestContext.Current.CancellationToken));
        foreach (var arguments in (string[][])[["check", "rules", rules], ["test", "rules", test]])
        {
            await using var promtool = new ChildProcess("promtool", arguments);
            Assert.True(await promtool.ExitAsync(TimeSpan.FromSeconds(20)) == 0, promtool.Log);
        }
    }

    /// <summary>The row of the cluster, against a node; it needs no other and no store for this.</summary>
    [Fact]
    public async Task ShowsWhatANodeExports()
    {
        await using var server = await ServerProcess.StartUnreadyAsync(Settings.Node("a", redis: FreePort.Next(), owners: "\"a\""));
        await server.WaitForMetricAsync(1, "socketsync_cluster_owned", "resource=\"Default\"");
        var exported = Samples(await server.MetricsAsync()).Where(metric => IsOfCluster(metric.Key)).ToDictionary(StringComparer.Ordinal);
        foreach (var name in OnceItHappens)
            exported.TryAdd(name, [new(StringComparer.Ordinal) { ["resource"] = "Default", ["le"] = "1" }]);
        AssertShows(Expressions().Where(IsOfCluster).ToList(), exported);
        AssertExported(Alerts().Where(IsOfCluster), exported);
    }

    private static bool IsOfCluster(string text) => text.Contains("socketsync_cluster_", StringComparison.Ordinal);

    private static string RulesFile => Path.Combine(Recipe.Repository, "docs", "prometheus", "socketsync.rules.yml");

    private static void AssertShows(List<string> expressions, Dictionary<string, List<Dictionary<string, string>>> exported)
    {
        AssertExported(expressions, exported);
        var asked = expressions.SelectMany(e => Selector().Matches(e)).Select(s => Family(s.Groups["name"].Value)).ToHashSet(StringComparer.Ordinal);
        Assert.Empty(exported.Keys.Select(Family).Distinct(StringComparer.Ordinal).Except(asked, StringComparer.Ordinal));
    }

    private static void AssertExported(IEnumerable<string> expressions, Dictionary<string, List<Dictionary<string, string>>> exported)
    {
        foreach (var expression in expressions)
        {
            var selectors = Selector().Matches(expression);
            Assert.True(selectors.Count > 0, $"'{expression}' asks for no metric of this server");
            foreach (Match selector in selectors) AssertExported(exported, selector, expression);

            var labels = exported[selectors[0].Groups["name"].Value].SelectMany(sample => sample.Keys).Concat(OfPrometheus);
            foreach (var label in Grouping().Matches(expression).SelectMany(g => g.Groups["labels"].Value.Split(',', StringSplitOptions.TrimEntries)))
                Assert.True(labels.Contains(label, StringComparer.Ordinal), $"'{expression}' groups by label {label}, which is not exported");
        }
    }

    [Fact]
    public void IsOneThatGrafanaTakes()
    {
        Assert.True(Dashboard.GetProperty("schemaVersion").GetInt32() >= 39);
        var panels = Dashboard.GetProperty("panels").EnumerateArray().ToList();
        Assert.Equal(panels.Count, panels.Select(p => p.GetProperty("id").GetInt32()).Distinct().Count());
        var taken = new HashSet<(int X, int Y)>();
        foreach (var panel in panels)
        {
            Assert.Equal("${datasource}", panel.GetProperty("datasource").GetProperty("uid").GetString());
            Assert.True(panel.GetProperty("options").GetProperty("legend").GetProperty("showLegend").GetBoolean());
            var place = panel.GetProperty("gridPos");
            var (x, y, width, height) = (Number(place, "x"), Number(place, "y"), Number(place, "w"), Number(place, "h"));
            Assert.True(x + width <= 24, $"{panel.GetProperty("title")} is wider than the page");
            foreach (var column in Enumerable.Range(x, width))
            {
                foreach (var row in Enumerable.Range(y, height)) Assert.True(taken.Add((column, row)), $"{panel.GetProperty("title")} covers another");
            }
        }

        var variables = Dashboard.GetProperty("templating").GetProperty("list").EnumerateArray().Select(v => v.GetProperty("name").GetString()!);
        Assert.Equal("datasource instance resource", string.Join(' ', variables));
    }

    private static void AssertExported(Dictionary<string, List<Dictionary<string, string>>> exported, Match selector, string expression)
    {
        var name = selector.Groups["name"].Value;
        Assert.True(exported.TryGetValue(name, out var samples), $"'{expression}' asks for {name}, which is not exported");
        foreach (Match matcher in Matcher().Matches(selector.Groups["matchers"].Value))
        {
            var (label, value) = (matcher.Groups["label"].Value, matcher.Groups["value"].Value);
            if (OfPrometheus.Contains(label)) continue;
            var values = samples!.Select(s => s.GetValueOrDefault(label)).OfType<string>().ToHashSet(StringComparer.Ordinal);
            Assert.True(values.Count > 0, $"'{expression}' asks {name} for label {label}, which it has not");
            if (!value.StartsWith('$')) Assert.True(values.IsSupersetOf(value.Split('|')), $"'{expression}' asks for {label} {value}; there are {string.Join(", ", values)}");
        }
    }

    /// <summary>Of the panels, and those by which the variables find their values.</summary>
    private static IEnumerable<string> Expressions() =>
        Dashboard.GetProperty("panels").EnumerateArray()
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray().Select(target => target.GetProperty("expr").GetString()!))
            .Concat(Dashboard.GetProperty("templating").GetProperty("list").EnumerateArray()
                .Where(variable => variable.GetProperty("type").GetString() == "query")
                .Select(variable => variable.GetProperty("query").GetProperty("query").GetString()!));

    /// <summary>What the alerts ask for, each on a line or two.</summary>
    private static IEnumerable<string> Alerts() =>
        AlertExpression().Matches(File.ReadAllText(RulesFile)).Select(alert => alert.Groups["expression"].Value);

    /// <summary>By name, the labels of each sample.</summary>
    private static Dictionary<string, List<Dictionary<string, string>>> Samples(string text) => text.Split('\n')
        .Select(line => Selector().Match(line))
        .Where(sample => sample is { Success: true, Index: 0 })
        .GroupBy(sample => sample.Groups["name"].Value, StringComparer.Ordinal)
        .ToDictionary(
            group => group.Key,
            group => group.Select(sample => Matcher().Matches(sample.Groups["matchers"].Value).ToDictionary(
                m => m.Groups["label"].Value, m => m.Groups["value"].Value, StringComparer.Ordinal)).ToList(),
            StringComparer.Ordinal);

    /// <summary>The three that make a histogram are one.</summary>
    private static string Family(string name) => Suffix().Replace(name, "");

    private static int Number(JsonElement element, string name) => element.GetProperty(name).GetInt32();

    private static JsonElement ReadDashboard()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Recipe.Repository, "docs", "grafana", "socketsync.json")));
        return document.RootElement.Clone();
    }

    [GeneratedRegex("""\b(?<name>socketsync_\w+)(\{(?<matchers>[^}]*)\})?""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Selector();

    [GeneratedRegex("(?<label>\\w+)(=~|!~|!=|=)\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Matcher();

    [GeneratedRegex("""expr:\s+(>-)?(?<expression>.*?)\n\s+(for|labels):""", RegexOptions.ExplicitCapture | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex AlertExpression();

    [GeneratedRegex("""\bby \((?<labels>[^)]*)\)""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Grouping();

    [GeneratedRegex("(?<=_seconds)_(bucket|sum|count)$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Suffix();
}
