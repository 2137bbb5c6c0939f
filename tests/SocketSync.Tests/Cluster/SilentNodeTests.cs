using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

/// <summary>How soon a node is seen not to report, and what that does to readiness.</summary>
public sealed class SilentNodeTests
{
    /// <summary>Section 9 and the issue: within 2 s.</summary>
    [Fact]
    public async Task ANodeThatDoesNotReportIsSilentWithinTwoSeconds()
    {
        await using var bench = await NodeBench.StartAsync("a", "b");
        var time = new FakeTimeProvider();
        var (here, view) = (bench["a"], new FakeView(bench, "a"));
        using var nodes = new ClusterNodes(
            view, here.Local, new ClusterPauses(here.Topology, new SocketSyncOptions(), time, NullLogger<ClusterPauses>.Instance), here.Topology, time, NullLogger<ClusterNodes>.Instance);
        await nodes.StartAsync(CancellationToken.None);
        await SyncHost.Until(() => nodes.Look()[1].Report is not null, "the first report is there");

        // It reports for a while, whatever the time is when it stops.
        for (var i = 0; i < 7; i++)
            await ReportAsync();
        time.Advance(TimeSpan.FromSeconds(0.4));
        Assert.Equal(NodeState.Up, nodes.StateOf("b"));

        view.Stopped.Add("b");
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromSeconds(2); passed += TimeSpan.FromSeconds(0.1))
        {
            time.Advance(TimeSpan.FromSeconds(0.1));
            await Task.Yield();
        }

        Assert.Equal(NodeState.Silent, nodes.StateOf("b"));
        Assert.NotNull(nodes.Look()[1].Report);

        // Patience is over, and it is asked again.
        view.Stopped.Clear();
        await SyncHost.AdvanceUntil(time, TimeSpan.FromSeconds(0.1), () => nodes.StateOf("b") == NodeState.Up, "it reports again");

        async Task ReportAsync()
        {
            time.Advance(TimeSpan.FromSeconds(0.5));
            await SyncHost.Until(() => nodes.Look()[1].SinceHeard < TimeSpan.FromSeconds(0.1), "it has reported");
        }
    }

    [Fact]
    public async Task ReadinessSpeaksOfThisNodeAlone()
    {
        await using var bench = await NodeBench.StartAsync("a", "b");
        var (a, b) = (bench["a"], bench["b"]);
        await bench.OwnAsync("a", "Lathe");

        // Nobody owns Bench.
        await UntilAsync(b, "Lathe", "Healthy");
        var (code, resources) = await b.ReadyAsync();
        Assert.Equal(200, code);
        Assert.Equal("Degraded", StatusOf(resources, "Bench"));
        Assert.Contains("No node owns it", DescriptionOf(resources, "Bench"), StringComparison.Ordinal);

        // Something is wrong with it on the other node: there it is as on a server that is alone, here Degraded.
        await bench.OwnAsync("a", "Bench");
        a.Topology.Resources["Bench"].Gate.Pause();
        await UntilAsync(b, "Bench", "Degraded", "On node a: Paused by an operator");
        Assert.Equal("Degraded", StatusOf((await a.ReadyAsync()).Resources, "Bench"));
        a.Topology.Resources["Bench"].Gate.Resume();
        await UntilAsync(b, "Bench", "Healthy");

        b.View.Stopped.Add("a");
        await UntilAsync(b, "Bench", "Degraded", "Node a, which owns it, is silent");
        (code, resources) = await b.ReadyAsync();
        Assert.Equal(200, code);
        Assert.Contains("Silent: a", DescriptionOf(resources, ClusterHealthCheck.Name), StringComparison.Ordinal);

        b.View.HasJoined = false;
        (code, resources) = await b.ReadyAsync();
        Assert.Equal(503, code);
        Assert.Equal("Unhealthy", StatusOf(resources, ClusterHealthCheck.Name));
        Assert.Equal("Joining", (await b.StatusAsync()).GetProperty("nodes").GetProperty("b").GetProperty("state").GetString());
    }

    private static string? StatusOf(System.Text.Json.JsonElement resources, string name) => resources.GetProperty(name).GetProperty("status").GetString();

    private static string DescriptionOf(System.Text.Json.JsonElement resources, string name) => resources.GetProperty(name).GetProperty("description").GetString() ?? "";

    private static async Task UntilAsync(BenchNode node, string resource, string status, string description = "")
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await node.ReadyAsync()).Resources is var all && (StatusOf(all, resource) != status || !DescriptionOf(all, resource).Contains(description, StringComparison.Ordinal)))
        {
            Assert.False(limit.IsCancellationRequested, $"not so within 20 s: {resource} is {status} {description}; it is {StatusOf(all, resource)} {DescriptionOf(all, resource)}");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
