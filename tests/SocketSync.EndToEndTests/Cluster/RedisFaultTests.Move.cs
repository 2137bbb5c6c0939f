using System.Text.Json;

namespace SocketSync.EndToEndTests;

// An operator moves a device to another node, while its clients go on asking.
public sealed partial class RedisFaultTests
{
    [Theory, ClassData(typeof(Rounds))]
    public async Task NothingIsLostWhenADeviceIsMoved(int round)
    {
        await using var fault = await FaultRound.BeginAsync(Cluster);
        var resource = round % 2 == 1 ? FaultCluster.Judged : FaultCluster.Relayed;
        var owner = Cluster.Nodes.Owner(resource);
        var (next, asked) = (Cluster.Nodes.Another(resource), Cluster.Nodes.Nodes.Last(node => node != owner)); // Not the owner is asked.
        fault.Strike(() => { });
        await MoveAsync(resource, next, asked);

        Assert.Equal(next.Name, Cluster.Nodes.Owner(resource).Name);
        await fault.AssertTakenOverAsync([resource], TimeSpan.FromSeconds(30));
        foreach (var node in Cluster.Nodes.Nodes) await WaitUntilShownAsync(node, resource, next);
        await fault.JudgeAsync(nothingLost: true);
    }

    private static async Task MoveAsync(string resource, ClusterNode next, ClusterNode asked)
    {
        await using var move = new ChildProcess(
            "dotnet", [ServerProcess.Assembly("ServerAssembly"), "move", resource, next.Name, "--url", asked.Http.BaseAddress!.ToString()],
            environment: new(StringComparer.Ordinal) { ["SocketSync__Admin__Token"] = Operator.Token });
        Assert.True(await move.ExitAsync(TimeSpan.FromSeconds(30)) == 0, move.Log);
    }

    private static Task WaitUntilShownAsync(ClusterNode asked, string resource, ClusterNode owner)
    {
        var last = "";
        return Poll.UntilAsync(
            async () =>
            {
                last = await asked.Http.GetStringAsync(new Uri("/api/status", UriKind.Relative), TestContext.Current.CancellationToken);
                using var status = JsonDocument.Parse(last);
                var shown = status.RootElement.GetProperty("resources").GetProperty(resource);
                return shown.GetProperty("node").GetString() == owner.Name && shown.GetProperty("epoch").GetInt64() == owner.Terms()[resource];
            },
            () => $"node {asked.Name} does not show where {resource} is: {last}");
    }
}
