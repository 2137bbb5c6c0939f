namespace SocketSync.Tests;

/// <summary>The clients and turns of all nodes, as any of them tells them.</summary>
public sealed class ClusterClientsTests
{
    [Fact]
    public async Task ListsTheClientsOfAllNodes()
    {
        await using var bench = await NodeBench.StartAsync("a", "b");
        await bench.OwnAsync("a", "Bench");
        using var here = await bench["a"].ConnectAsync();
        Assert.Equal("x", await here.AskAsync("x"));
        using var there = await bench["b"].ConnectAsync("Lathe");
        await SyncHost.Until(() => bench["b"].Topology.Connections.Any(), "it is accepted");
        foreach (var node in bench.Nodes.Values)
        {
            var all = (await node.GetAsync("/api/connections")).EnumerateArray().ToList();
            Assert.Equal(["Bench a", "Lathe b"], all.Select(client => $"{client.GetProperty("listener")} {client.GetProperty("node")}").Order(StringComparer.Ordinal), StringComparer.Ordinal);
        }
    }

    /// <summary>A forwarded client is known to two nodes: the one that serves it counts its requests.</summary>
    [Fact]
    public void AForwardedClientIsListedOnce()
    {
        var early = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var ingress = new ClientReport(new("a-1", "L", "192.0.2.1:5", early, 0, false, "a"), IsServed: false);
        var owner = new ClientReport(new("a-1", "L", "192.0.2.1:5", early.AddSeconds(1), 7, true, "a"), IsServed: true);
        var other = new ClientReport(new("b-1", "L", "192.0.2.2:5", early, 1, false, "b"), IsServed: true);
        foreach (var clients in new ClientReport[][] { [ingress, owner, other], [owner, other, ingress] })
        {
            var listed = ClusterClients.Merge(clients);
            Assert.Equal(["a-1", "b-1"], listed.Select(client => client.Id), StringComparer.Ordinal);
            Assert.Equal(new ConnectionEntry("a-1", "L", "192.0.2.1:5", early, 7, true, "a"), listed[0]);
        }

        // Its owner does not answer: it is there all the same.
        Assert.Equal("a-1", Assert.Single(ClusterClients.Merge([ingress])).Id);
    }

    [Fact]
    public async Task TellsTheTurnsOfAllNodesWhileSomebodyReads()
    {
        await using var bench = await NodeBench.StartAsync("a", "b");
        await bench.OwnAsync("a", "Lathe");
        await bench.OwnAsync("b", "Bench");
        using var lathe = await bench["a"].ConnectAsync("Lathe");
        using var client = await bench["b"].ConnectAsync();
        using (var events = await bench["b"].ListenAsync("/api/events"))
        {
            await SyncHost.Until(() => bench["a"].Turns.HasReaders, "the other node's turns are read");
            Assert.Equal("far", await lathe.AskAsync("far"));
            var far = await events.NextAsync();
            Assert.Equal("Lathe a ok 4", $"{far.GetProperty("resource")} {far.GetProperty("node")} {far.GetProperty("outcome")} {far.GetProperty("requestBytes")}");
            Assert.Equal("near", await client.AskAsync("near"));
            var near = await events.NextAsync();
            Assert.Equal("Bench b", $"{near.GetProperty("resource")} {near.GetProperty("node")}");
        }

        await SyncHost.Until(() => !bench["a"].Turns.HasReaders && !bench["b"].Turns.HasReaders, "nobody reads any more");
    }

    /// <summary>Two nodes with readers must not read each other in a circle.</summary>
    [Fact]
    public async Task AReaderAtEachNodeIsToldEachTurnOnce()
    {
        await using var bench = await NodeBench.StartAsync("a", "b");
        await bench.OwnAsync("a", "Lathe");
        using var atA = await bench["a"].ListenAsync("/api/events");
        using var atB = await bench["b"].ListenAsync("/api/events");
        await SyncHost.Until(() => bench["a"].Turns.ReaderCount == 2 && bench["b"].Turns.ReaderCount == 2, "each is read by both");
        using var client = await bench["a"].ConnectAsync("Lathe");
        Assert.Equal("1", await client.AskAsync("1"));
        Assert.Equal("22", await client.AskAsync("22"));
        foreach (var reader in new[] { atA, atB })
        {
            Assert.Equal(2, (await reader.NextAsync()).GetProperty("requestBytes").GetInt32());
            Assert.Equal(3, (await reader.NextAsync()).GetProperty("requestBytes").GetInt32());
        }
    }

    [Fact]
    public async Task TracesAResourceThatLivesElsewhere()
    {
        await using var bench = await NodeBench.StartAsync("a", "b");
        await bench.OwnAsync("a", "Lathe");
        using var trace = await bench["b"].ListenAsync("/api/resources/lathe/trace");
        await SyncHost.Until(() => bench["a"].Topology.Resources["Lathe"].Telemetry.IsTraced, "it is traced at its owner");
        using var client = await bench["a"].ConnectAsync("Lathe");
        Assert.Equal("AB", await client.AskAsync("AB"));
        var request = await trace.NextAsync();
        Assert.Equal("request 41420a 3 False", $"{request.GetProperty("direction")} {request.GetProperty("hex")} {request.GetProperty("bytes")} {request.GetProperty("truncated")}");
        Assert.Equal("reply", (await trace.NextAsync()).GetProperty("direction").GetString());
    }

    [Fact]
    public void LossesOfAnotherNodeAreToldToTheReader()
    {
        var (own, others) = (new TurnFeed(), new EventFeed<TurnEvent>());
        using var reader = own.Subscribe(2);
        others.Add(reader);
        others.Lose(5);
        foreach (var feed in new EventFeed<TurnEvent>[] { own, others, own })
            feed.Publish(default);
        Assert.Equal(6, reader.Lost); // and one for which there was no room here
        reader.Dispose();
        Assert.False(own.HasReaders || others.HasReaders);
    }
}
