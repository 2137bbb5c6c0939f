using System.Diagnostics;
using SocketSync.Tests;

namespace SocketSync.EndToEndTests;

/// <summary>
/// A network that falls apart: the owner is cut off from the other nodes and from the store, and keeps the device and its own clients.
/// </summary>
[Collection(ClusterTests.Name)]
public sealed class PartitionTests
{
    private const string Judged = "Judged";
    private const string Relayed = "Relayed";

    private static readonly TimeSpan Cut = TimeSpan.FromSeconds(10);

    [Theory, ClassData(typeof(Rounds))]
    public async Task AnOwnerThatIsCutOffStopsBeforeTheNextBegins(int round)
    {
        await using var networks = await Namespaces.MakeAsync("a", "b", "c");
        await using var judged = new JudgeDevice(namesEpochs: true);
        await using var relayed = new JudgeDevice(namesEpochs: false);
        using var certificates = new NodeCertificates();
        await using var cluster = new NodeCluster(
            await RedisServer.RunAsync(networks.StoreAddress), Plan(networks, judged, relayed), networks.Node("a"), networks.Node("b"), networks.Node("c"))
        {
            Tls = certificates.Of,
        };
        await cluster.MakeWholeAsync();
        await using var ofJudged = new ClusterClients(cluster.Nodes, Judged);
        await using var ofRelayed = new ClusterClients(cluster.Nodes, Relayed);
        await ofJudged.WaitUntilServedAsync();
        await ofRelayed.WaitUntilServedAsync();

        var owner = cluster.Owner(round % 2 == 1 ? Judged : Relayed);
        foreach (var words in ClusterNoise.OfADeclaredDeath) owner.Allow(words);
        var resources = owner.Terms().Keys.ToList();
        await networks.CutAsync(owner.Name);
        var moment = Stopwatch.GetTimestamp();
        foreach (var device in resources.Select(name => name == Judged ? judged : relayed))
        {
            var last = device.Requests.Where(request => request.At <= moment).Max(request => request.Epoch);
            var took = await device.WaitForAsync(moment, request => request.Epoch > last, TimeSpan.FromSeconds(8), () => $"nobody has taken over; {cluster.Where()}");
            var old = device.Requests.Last(request => request.Epoch == last);
            FaultRound.Tell($"the last turn of the old owner was {Stopwatch.GetElapsedTime(moment, old.At).TotalSeconds:0.00} s after the cut, the first of the new one {took.TotalSeconds:0.00} s");
        }

        var left = Cut - Stopwatch.GetElapsedTime(moment);
        if (left > TimeSpan.Zero) await Task.Delay(left, TestContext.Current.CancellationToken);
        await networks.HealAsync(owner.Name);
        Assert.Equal(1, await owner.Process.ExitAsync(TimeSpan.FromSeconds(10)));

        await cluster.MakeWholeAsync();
        foreach (var (clients, device) in ((ClusterClients, JudgeDevice)[])[(ofJudged, judged), (ofRelayed, relayed)])
        {
            await clients.WaitUntilServedAsync(TimeSpan.FromSeconds(30));
            Judgement.AssertTrueToTheClients(device, await clients.StopAsync());
            Judgement.AssertOneOwnerAtATime(device);
        }

        // It keeps the device's network, and so it can hang up in time.
        Judgement.AssertOneConnectionAtATime(relayed, new HashSet<int>());
    }

    private static NodeCluster.Plan Plan(Namespaces networks, JudgeDevice judged, JudgeDevice relayed) => new()
    {
        Judged = $"\"{Judged}\": \"{networks.DeviceAddress}:{judged.Port}\"",
        Listeners = node => $$"""
            "{{Judged}}": { "Port": {{node.Port(Judged)}} }, "{{Relayed}}": { "Port": {{node.Port(Relayed)}} }
            """,
        Resources = $$"""
            "{{Judged}}": { "Processor": "Judged", "Protocol": { "Name": "Line" } },
            "{{Relayed}}": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { "Tcp": { "Host": "{{networks.DeviceAddress}}", "Port": {{relayed.Port}} } } }
            """,
        Shared = [Judged, Relayed],
    };
}
