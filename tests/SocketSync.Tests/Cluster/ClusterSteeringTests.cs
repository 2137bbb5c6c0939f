using System.Text.Json;

namespace SocketSync.Tests;

/// <summary>An operator may ask any node.</summary>
public sealed class ClusterSteeringTests
{
    [Fact]
    public async Task APauseActsOnTheOwnerAndOutlivesIt()
    {
        await using var bench = await NodeBench.StartAsync("a", "b", "c");
        await bench.OwnAsync("a", "Bench");
        await ClusterStatusTests.UntilAsync(bench["b"], "Bench", resource => resource.GetProperty("node").GetString() == "a", "the owner is seen");
        Assert.Equal((204, null), await bench["b"].PostAsync("/api/resources/bench/pause"));
        Assert.True(bench["a"].Topology.Resources["Bench"].Gate.GetStatus().IsPaused);

        // The owner is lost, and one that was never asked takes over.
        bench["b"].View.Gone.Add("a");
        await SyncHost.Until(() => bench["c"].Topology.Resources["Bench"].Gate.GetStatus().IsPaused, "the third has heard of it");
        await bench.OwnAsync("c", "Bench");
        using var client = await bench["c"].ConnectAsync();
        await client.SendAsync("hello");
        await ClusterStatusTests.UntilAsync(bench["b"], "Bench", resource => resource.GetProperty("queueLength").GetInt32() == 1 && resource.GetProperty("state").GetString() == "Paused", "it waits");
        Assert.Equal((204, null), await bench["a"].PostAsync("/api/resources/Bench/resume"));
        Assert.Equal("hello", await client.ReadAsync());
    }

    [Fact]
    public async Task ANodeThatStartsLaterHearsOfAPause()
    {
        await using var bench = await NodeBench.StartAsync("a");
        Assert.Equal((204, null), await bench["a"].PostAsync("/api/resources/Bench/pause"));
        bench.Nodes.Add("b", await BenchNode.StartAsync("b", new FakeView(bench, "b")));
        await SyncHost.Until(() => bench["b"].Topology.Resources["Bench"].Gate.GetStatus().IsPaused, "it has heard of it");
    }

    /// <summary>Two operators in the same instant: all nodes must end with the same of the two.</summary>
    [Theory]
    [InlineData("x", "y")]
    [InlineData("y", "x")]
    public async Task OfTwoWishesOfOneInstantAllTakeTheSame(string first, string second)
    {
        await using var bench = await NodeBench.StartAsync("a");
        foreach (var node in new[] { first, second })
        {
            var wishes = new Dictionary<string, PauseWish>(StringComparer.Ordinal) { ["Bench"] = new(IsPaused: node == "y", long.MaxValue / 2, node) };
            Assert.Equal(NodeQuestion.Yes, bench["a"].Local.Answer(NodeQuestion.Pauses, JsonSerializer.Serialize(wishes, ReportJson.Default.DictionaryStringPauseWish)));
        }

        Assert.True(bench["a"].Topology.Resources["Bench"].Gate.GetStatus().IsPaused);

        // And what is wished next replaces both, though this machine's clock is behind.
        Assert.Equal((204, null), await bench["a"].PostAsync("/api/resources/Bench/resume"));
        Assert.False(bench["a"].Topology.Resources["Bench"].Gate.GetStatus().IsPaused);
    }

    [Fact]
    public async Task AnOwnerThatDoesNotAnswerIsToldLater()
    {
        await using var bench = await NodeBench.StartAsync("a", "b");
        await bench.OwnAsync("a", "Bench");
        await ClusterStatusTests.UntilAsync(bench["b"], "Bench", resource => resource.GetProperty("node").GetString() == "a", "the owner is seen");
        bench["b"].View.Stopped.Add("a");
        var (code, why) = await bench["b"].PostAsync("/api/resources/Bench/pause");
        Assert.Equal((202, null), (code, why));
        await SyncHost.Until(() => bench["a"].Topology.Resources["Bench"].Gate.GetStatus().IsPaused, "it asks itself"); // a hears b
    }

    [Fact]
    public async Task ClosesAClientOfAnotherNode()
    {
        await using var bench = await NodeBench.StartAsync("a", "b");
        await bench.OwnAsync("a", "Bench");
        using var client = await bench["a"].ConnectAsync();
        await client.SendAsync("hold");
        await SyncHost.Until(() => bench["a"].Topology.Resources["Bench"].Gate.GetStatus().Holder is not null, "it has its turn");
        var id = Assert.Single((await bench["b"].GetAsync("/api/connections")).EnumerateArray()).GetProperty("id").GetString();
        Assert.Equal((204, null), await bench["b"].SteerAsync(HttpMethod.Delete, $"/api/connections/{id}"));
        Assert.StartsWith("ERROR timeout", await client.ReadAsync(), StringComparison.Ordinal);
        Assert.Null(await client.ReadAsync());
        await SyncHost.Until(() => !bench["a"].Topology.Connections.Any(), "it is gone");
        Assert.Equal(404, (await bench["b"].SteerAsync(HttpMethod.Delete, $"/api/connections/{id}")).Code);
    }

    /// <summary>It is connected to one node, served by another, and a third is asked.</summary>
    [Theory]
    [InlineData("a")]
    [InlineData("b")]
    [InlineData("c")]
    public async Task ClosesAForwardedClientThatIsListedOnce(string asked)
    {
        await using var bench = await NodeBench.StartAsync("a", "b", "c");
        await bench.OwnAsync("a", "Bench");
        using var client = await bench["b"].ConnectAsync();
        Assert.Equal("led", await client.AskAsync("led"));
        await client.SendAsync("hold");
        await SyncHost.Until(() => bench["a"].Topology.Resources["Bench"].Gate.GetStatus().Holder is not null, "it has its turn");
        await SyncHost.Until(() => bench[asked].Cluster.Look().All(node => node.Report is not null), "all have reported");

        var entry = Assert.Single((await bench[asked].GetAsync("/api/connections")).EnumerateArray());
        Assert.Equal("b 2 Bench", $"{entry.GetProperty("node")} {entry.GetProperty("requests")} {entry.GetProperty("listener")}");
        Assert.StartsWith("b-", entry.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal(client.LocalEndPoint, entry.GetProperty("remoteEndPoint").GetString());
        Assert.Equal((204, null), await bench[asked].SteerAsync(HttpMethod.Delete, $"/api/connections/{entry.GetProperty("id")}"));
        Assert.StartsWith("ERROR timeout", await client.ReadAsync(), StringComparison.Ordinal);
        await SyncHost.Until(() => bench.Nodes.Values.All(node => !node.Topology.Connections.Any()), "it is gone everywhere");
    }

    [Fact]
    public async Task AClientOfAnOwnerThatDoesNotAnswerIsCutOffWhereItIsConnected()
    {
        await using var bench = await NodeBench.StartAsync("a", "b", "c");
        await bench.OwnAsync("a", "Bench");
        using var client = await bench["b"].ConnectAsync();
        Assert.Equal("led", await client.AskAsync("led"));
        var id = Assert.Single((await bench["c"].GetAsync("/api/connections")).EnumerateArray()).GetProperty("id").GetString();
        bench["c"].View.Stopped.Add("a");
        Assert.Equal((204, null), await bench["c"].SteerAsync(HttpMethod.Delete, $"/api/connections/{id}"));
        await Assert.ThrowsAsync<IOException>(client.ReadAsync); // by a reset
    }

    [Fact]
    public async Task MovesAResourceWhereItMayGo()
    {
        await using var bench = await NodeBench.StartAsync("a", "b", "c");
        await bench.OwnAsync("a", "Bench");
        await bench.OwnAsync("a", "Lathe");
        var b = bench["b"];
        await ClusterStatusTests.UntilAsync(b, "Lathe", resource => resource.GetProperty("node").GetString() == "a", "the owner is seen");
        await SyncHost.Until(() => b.Cluster.StateOf("c") == NodeState.Up, "all are up");

        Assert.Equal((204, null), await b.PostAsync("/api/resources/Bench/move?node=a")); // is there already
        Assert.Empty(b.View.Moved);
        Assert.Equal((204, null), await b.PostAsync("/api/resources/bench/move?node=b"));
        Assert.Equal([("Bench", "b")], b.View.Moved);

        await RefusedAsync(404, "no such resource", "/api/resources/Nothing/move?node=b");
        await RefusedAsync(404, "no such node", "/api/resources/Bench/move?node=x");
        await RefusedAsync(409, "Node b may not own Lathe: its Nodes are a", "/api/resources/Lathe/move?node=b");
        await RefusedAsync(400, "move?node=NODE", "/api/resources/Bench/move");
        b.View.Gone.Add("c");
        await RefusedAsync(409, "Node c is not up: it is gone", "/api/resources/Bench/move?node=c");
        b.View.Refusal = "It has just begun to move.";
        await RefusedAsync(409, "It has just begun to move.", "/api/resources/Bench/move?node=b");
        Assert.Equal(401, (await b.SteerAsync(HttpMethod.Post, "/api/resources/Bench/move?node=b", token: null)).Code);

        async Task RefusedAsync(int code, string why, string path)
        {
            var answer = await b.PostAsync(path);
            Assert.Equal(code, answer.Code);
            Assert.Contains(why, answer.Why, StringComparison.Ordinal);
        }
    }
}
