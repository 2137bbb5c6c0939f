using Microsoft.Extensions.DependencyInjection;

namespace SocketSync.Tests;

/// <summary>What the page of any node shows.</summary>
public sealed class ClusterPageTests
{
    [Fact]
    public async Task ShowsWhatLivesElsewhere()
    {
        await using var bench = await NodeBench.StartAsync("a", "b");
        var epoch = await bench.OwnAsync("a", "Bench");
        var b = bench["b"];
        PageSnapshot? seen = null;
        using var sampler = new PageSampler(
            b.Topology,
            b.Services.GetRequiredService<ClusterTurns>(),
            TimeProvider.System,
            new ServerStart(TimeProvider.System),
            snapshot => Volatile.Write(ref seen, snapshot),
            exception => Assert.Fail(exception.ToString()),
            b.Cluster);
        sampler.Open(new HashSet<string>(StringComparer.Ordinal) { "Bench" });
        await SyncHost.Until(() => bench["a"].Turns.HasReaders, "turns are read at the owner");
        using var first = await bench["a"].ConnectAsync();
        using var second = await bench["a"].ConnectAsync();
        Assert.Equal("1", await first.AskAsync("1"));
        await first.SendAsync("hold");
        await SyncHost.Until(() => bench["a"].Topology.Resources["Bench"].Gate.GetStatus().Holder is not null, "it has its turn");
        await second.SendAsync("waits");

        await SyncHost.Until(() => Volatile.Read(ref seen)?.Resources["Bench"] is { Turn: not null, Waiters.Count: 1, Detail.Timeline.Lanes.Count: 2 }, "the turn, the queue and the lanes are shown");
        await SyncHost.Until(() => Volatile.Read(ref seen)!.Clients.Total == 2, "the clients are shown");
        var bench2 = seen!.Resources["Bench"];
        Assert.Equal(new PlaceView("a", epoch, IsHere: false, IsSilent: false), bench2.Place);
        Assert.Equal("Busy", bench2.State);
        Assert.Equal(first.LocalEndPoint, bench2.Turn!.Address);
        Assert.Equal(second.LocalEndPoint, bench2.Waiters[0].Address);
        Assert.Equal(1, bench2.Rates.Completed);
        Assert.Equal(new PlaceView(null, null, false, false), seen.Resources["Lathe"].Place);
        Assert.Equal("Unavailable", seen.Resources["Lathe"].State);
        Assert.Equal("b", seen.Nodes!.This);
        Assert.Equal(["a Up 1", "b Up 0"], seen.Nodes.All.Select(node => $"{node.Name} {node.State} {node.Resources}"), StringComparer.Ordinal);
        Assert.All(seen.Clients.Listed, client => Assert.Equal("a", client.Node));

        b.View.Stopped.Add("a");
        await SyncHost.Until(() => Volatile.Read(ref seen)!.Nodes!.All[0].State == NodeState.Silent, "it is silent");
        Assert.True(seen!.Resources["Bench"].Place!.IsSilent);
        Assert.Equal("Unavailable", seen.Resources["Bench"].State);
    }

    [Fact]
    public void SaysThatANodeIsSilent()
    {
        var before = Snapshot(NodeState.Up);
        Assert.Equal("Node a: silent.", Announcement.Of(before, Snapshot(NodeState.Silent)));
        Assert.Null(Announcement.Of(before, Snapshot(NodeState.Up)));

        static PageSnapshot Snapshot(NodeState state) => new(
            default, HostPhase.Running, new("1.0", TimeSpan.Zero, []), new Dictionary<string, ResourceView>(StringComparer.Ordinal), new([], 0), new("b", [new("a", state, TimeSpan.Zero, "1.0", 0, 0)]));
    }
}
