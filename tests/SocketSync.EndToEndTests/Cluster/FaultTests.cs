using System.Diagnostics;

namespace SocketSync.EndToEndTests;

/// <summary>
/// What becomes of a shared device when its owner, the store or the clock fails: real processes, a real store, and a device that
/// judges. The times are those that are promised for a lease of 3 s.
/// </summary>
public abstract class FaultTests(FaultCluster cluster)
{
    internal FaultCluster Cluster { get; } = cluster;

    private static readonly TimeSpan Away = TimeSpan.FromSeconds(8);

    private static TimeSpan BackBound => NodeCluster.Lease + NodeCluster.Margin + TimeSpan.FromSeconds(6);

    internal static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory, ClassData(typeof(Rounds))]
    public async Task AKilledOwnerIsReplaced(int round)
    {
        await using var fault = await FaultRound.BeginAsync(Cluster);
        var owner = OwnerOf(round);
        var resources = fault.SharedOf(owner);
        fault.Strike(owner.Kill);
        await fault.AssertTakenOverAsync(resources, TimeSpan.FromSeconds(6));
        await fault.JudgeAsync();
        AssertReset(fault, resources);
    }

    [Theory, ClassData(typeof(Rounds))]
    public async Task AStoreThatStandsStillComesBack(int round)
    {
        Assert.True(round > 0);
        await using var fault = await FaultRound.BeginAsync(Cluster);
        fault.Strike(Cluster.StopStore);
        await AwayAsync(fault);
        var back = Stopwatch.GetTimestamp();
        Cluster.ContinueStore();
        await AssertBackAsync(fault, back);
    }

    [Theory, ClassData(typeof(Rounds))]
    public async Task AStoreThatWasStartedAgainComesBack(int round)
    {
        Assert.True(round > 0);
        await using var fault = await FaultRound.BeginAsync(Cluster);
        fault.Strike(() => { });
        await Cluster.EndStoreAsync();
        await AwayAsync(fault);
        await Cluster.StartStoreAgainAsync();
        await AssertBackAsync(fault, Stopwatch.GetTimestamp());
    }

    [Theory, ClassData(typeof(Rounds))]
    public async Task AStoreThatHasLostItsDataIsNoReasonForTwoOwners(int round)
    {
        Assert.True(round > 0);
        await using var fault = await FaultRound.BeginAsync(Cluster);
        fault.Strike(() => { });
        await Cluster.Nodes.Store.EmptyAsync();
        // They may go on at once, and lose the lease yet; so what counts is that they are served when the time is over, and go on to be.
        await Task.Delay(BackBound, Cancellation);
        await AssertBackAsync(fault, Stopwatch.GetTimestamp(), TimeSpan.FromSeconds(1));
    }

    internal ClusterNode OwnerOf(int round) => Cluster.Nodes.Owner(round % 2 == 1 ? FaultCluster.Judged : FaultCluster.Relayed);

    // Whoever waited for an answer of the dead owner is reset, also at another node: the end of a stream would make half a reply whole.
    private static void AssertReset(FaultRound fault, string[] resources)
    {
        foreach (var resource in resources)
        {
            Assert.DoesNotContain(fault.Clients[resource].Asked, one =>
                one.Ending == Ending.Ended && one.AskedAt <= fault.Moment && one.EndedAt > fault.Moment);
        }
    }

    internal static Task AwayAsync(FaultRound fault) => Task.Delay(Remaining(fault.Moment), Cancellation);

    private static TimeSpan Remaining(long moment)
    {
        var left = Away - Stopwatch.GetElapsedTime(moment);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private async Task AssertBackAsync(FaultRound fault, long moment, TimeSpan? bound = null)
    {
        await fault.AssertServedAsync(moment, bound ?? BackBound);
        await fault.JudgeAsync();
        Assert.All(Cluster.Nodes.Nodes, node => Assert.True(node.IsRunning, $"node {node.Name} has ended; it printed:\n{node.Process.Log}"));
    }
}

[Collection(ClusterTests.Name)]
public sealed class PostgresFaultTests(PostgresFaultCluster cluster) : FaultTests(cluster), IClassFixture<PostgresFaultCluster>;
