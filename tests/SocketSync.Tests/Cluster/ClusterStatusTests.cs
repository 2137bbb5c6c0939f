using System.Text.Json;

namespace SocketSync.Tests;

/// <summary>What any node shows of all of them.</summary>
public sealed class ClusterStatusTests
{
    [Fact]
    public async Task TellsWhereEachResourceLivesAndWhatItsOwnerSays()
    {
        await using var bench = await NodeBench.StartAsync("a", "b");
        var epoch = await bench.OwnAsync("a", "Bench");
        using var client = await bench["a"].ConnectAsync();
        Assert.Equal("hello", await client.AskAsync("hello"));
        await client.SendAsync("hold");

        await UntilAsync(bench["b"], "Bench", resource => resource.GetProperty("turn").ValueKind == JsonValueKind.Object, "the turn at the other node is seen");
        var status = await bench["b"].StatusAsync();
        var resource = status.GetProperty("resources").GetProperty("Bench");
        Assert.Equal("a", resource.GetProperty("node").GetString());
        Assert.Equal(epoch, resource.GetProperty("epoch").GetInt64());
        Assert.Equal("Busy", resource.GetProperty("state").GetString());
        Assert.Equal("Held", resource.GetProperty("processor").GetString());
        Assert.Equal(1, resource.GetProperty("completed").GetInt64());
        Assert.Equal(client.LocalEndPoint, resource.GetProperty("turn").GetProperty("remoteEndPoint").GetString());

        var lathe = status.GetProperty("resources").GetProperty("Lathe");
        Assert.Equal(JsonValueKind.Null, lathe.GetProperty("node").ValueKind);
        Assert.Equal(JsonValueKind.Null, lathe.GetProperty("epoch").ValueKind);
        Assert.Equal("Unavailable", lathe.GetProperty("state").GetString());

        Assert.Equal(["Bench", "Lathe"], status.GetProperty("listeners").EnumerateObject().Select(listener => listener.Name).Order(StringComparer.Ordinal), StringComparer.Ordinal);
        var nodes = status.GetProperty("nodes");
        Assert.Equal(["a", "b"], nodes.EnumerateObject().Select(node => node.Name), StringComparer.Ordinal);
        Assert.All(nodes.EnumerateObject(), node => Assert.Equal("Up", node.Value.GetProperty("state").GetString()));
        Assert.Equal(1, nodes.GetProperty("a").GetProperty("resources").GetInt32());
        Assert.Equal(1, nodes.GetProperty("a").GetProperty("connections").GetInt32());
        Assert.True(nodes.GetProperty("a").GetProperty("secondsSinceHeard").GetDouble() >= 0);
        Assert.NotEmpty(nodes.GetProperty("a").GetProperty("version").GetString()!);
        Assert.StartsWith("127.0.0.1:", nodes.GetProperty("a").GetProperty("address").GetString(), StringComparison.Ordinal);
        Assert.True(nodes.GetProperty("a").GetProperty("listeners").GetProperty("Bench").GetProperty("port").GetInt32() > 0);
        Assert.False(nodes.GetProperty("b").TryGetProperty("listeners", out _));
    }

    /// <summary>Requests were counted where the owner was; after a takeover the sum is that of both.</summary>
    [Fact]
    public async Task CountsAreThoseOfAllNodes()
    {
        await using var bench = await NodeBench.StartAsync("a", "b");
        foreach (var node in new[] { "a", "b" })
        {
            await bench.OwnAsync(node, "Bench");
            using var client = await bench[node].ConnectAsync();
            Assert.Equal("1", await client.AskAsync("1"));
            Assert.Equal("2", await client.AskAsync("2"));
        }

        foreach (var node in bench.Nodes.Values)
            await UntilAsync(node, "Bench", resource => resource.GetProperty("completed").GetInt64() == 4 && resource.GetProperty("node").GetString() == "b", "both counts are seen");
    }

    [Fact]
    public async Task TheGreaterEpochIsBelieved()
    {
        await using var bench = await NodeBench.StartAsync("a", "b", "c");
        await bench.OwnAsync("a", "Bench");
        await UntilAsync(bench["c"], "Bench", resource => resource.GetProperty("node").GetString() == "a", "the owner is seen");
        bench["c"].View.Stopped.Add("a"); // what it said last stays
        await bench.OwnAsync("b", "Bench");
        await UntilAsync(bench["c"], "Bench", resource => resource.GetProperty("node").GetString() == "b", "the new owner is seen");
    }

    [Fact]
    public async Task ANodeThatIsGoneOwnsNothing()
    {
        await using var bench = await NodeBench.StartAsync("a", "b");
        await bench.OwnAsync("a", "Bench");
        await UntilAsync(bench["b"], "Bench", resource => resource.GetProperty("node").GetString() == "a", "the owner is seen");
        bench["b"].View.Gone.Add("a");
        var status = await bench["b"].StatusAsync();
        Assert.Equal("Gone", status.GetProperty("nodes").GetProperty("a").GetProperty("state").GetString());
        Assert.Equal(JsonValueKind.Null, status.GetProperty("resources").GetProperty("Bench").GetProperty("node").ValueKind);
    }

    /// <summary>Versions N and N+1: what is not known is ignored, and what is missing is done without.</summary>
    [Fact]
    public void AReportOfAnotherVersionIsUnderstood()
    {
        var report = StatusReport.Parse("""
            { "node": "n", "colour": "green", "resources": { "R": { "epoch": 5, "weight": { "kg": 3 }, "status": { "state": "Idle", "smell": 1 } } } }
            """);
        Assert.Equal(1, report.Owned);
        Assert.Equal(5, report.Of("r")!.Epoch);
        Assert.Equal("Idle", report.Of("R")!.Status!.State);
        Assert.Null(report.Pauses);
        Assert.Equal(0, StatusReport.Parse("{}").Owned);
    }

    [Fact]
    public async Task AnUnknownQuestionHasAnEmptyAnswer()
    {
        await using var bench = await NodeBench.StartAsync("a");
        Assert.Equal("", bench["a"].Local.Answer("what-only-the-next-version-asks", ""));
        Assert.Empty(await bench["a"].Local.Read("neither-this", "", CancellationToken.None).ToListAsync(TestContext.Current.CancellationToken));
    }

    internal static async Task UntilAsync(BenchNode node, string resource, Func<JsonElement, bool> isSo, string what)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!isSo(await node.ResourceAsync(resource)))
        {
            Assert.False(limit.IsCancellationRequested, $"not so within 20 s: {what}");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }
}
