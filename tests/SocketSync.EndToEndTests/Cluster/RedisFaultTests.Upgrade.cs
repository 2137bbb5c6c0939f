namespace SocketSync.EndToEndTests;

// One node after the other is ended in order and started again, as another version, while its clients go on asking.
public sealed partial class RedisFaultTests
{
    /// <summary>The test host of another version, built beside this one; without it, the upgrade is to the same version.</summary>
    private static readonly string s_next = Environment.GetEnvironmentVariable("SOCKETSYNC_CLUSTER_NEXT") ?? ServerProcess.Assembly("TestHostAssembly");

    [Theory, ClassData(typeof(Rounds))]
    public async Task NothingIsLostInAnUpgrade(int round)
    {
        await using var fault = await FaultRound.BeginAsync(Cluster);
        // There, or back again.
        var program = round % 2 == 1 ? s_next : ServerProcess.Assembly("TestHostAssembly");
        foreach (var node in Cluster.Nodes.Nodes)
        {
            var resources = fault.SharedOf(node);
            fault.Strike(node.Process.Terminate);
            await fault.AssertTakenOverAsync(resources, TimeSpan.FromSeconds(6));
            Assert.Equal(0, await node.Process.ExitAsync(TimeSpan.FromSeconds(15)));
            node.Program = program;
            await Cluster.MakeWholeAsync();
            foreach (var clients in fault.Clients.Values) await clients.WaitUntilServedAsync();
        }

        await fault.JudgeAsync(nothingLost: true);
    }
}
