using System.Diagnostics;
using System.Net;

namespace SocketSync.EndToEndTests;

/// <summary>With Redis, also what has little to do with the store.</summary>
[Collection(ClusterTests.Name)]
public sealed partial class RedisFaultTests(RedisFaultCluster cluster) : FaultTests(cluster), IClassFixture<RedisFaultCluster>
{
    // More than all buffers between an owner and a client that does not read.
    private const int Large = 6_000_000;

    [Theory, ClassData(typeof(Rounds))]
    public async Task AnOwnerThatIsToldToEndHandsOver(int round)
    {
        await using var fault = await FaultRound.BeginAsync(Cluster);
        var owner = OwnerOf(round);
        var resources = fault.SharedOf(owner);
        fault.Strike(owner.Process.Terminate);
        await fault.AssertTakenOverAsync(resources, TimeSpan.FromSeconds(6));
        Assert.Equal(0, await owner.Process.ExitAsync(TimeSpan.FromSeconds(15)));
        await fault.JudgeAsync(nothingLost: true);
        foreach (var resource in resources)
        {
            // Idle between the last request of the one, when its drain was over, and the first of the other.
            var (last, next) = HandOver(Cluster.Device(resource), fault.Moment);
            var idle = Stopwatch.GetElapsedTime(last.At, next.At);
            FaultRound.Tell($"{resource} was idle for {idle.TotalSeconds:0.00} s");
            Assert.True(idle <= TimeSpan.FromSeconds(1), $"{resource} was idle for {idle}, from {last} to {next}");
        }
    }

    [Theory, ClassData(typeof(Rounds))]
    public async Task AllNodesStartedAgainAtOnce(int round)
    {
        await using var fault = await FaultRound.BeginAsync(Cluster);
        if (round % 2 == 1)
        {
            fault.Strike(() => Cluster.Nodes.Nodes.ToList().ForEach(node => node.Kill()));
        }
        else
        {
            fault.Strike(() => Cluster.Nodes.Nodes.ToList().ForEach(node => node.Process.Terminate()));
            foreach (var node in Cluster.Nodes.Nodes) Assert.Equal(0, await node.Process.ExitAsync(TimeSpan.FromSeconds(15)));
        }

        await Poll.UntilAsync(() => Cluster.Nodes.Nodes.All(node => node.Process.HasExited), "not all have ended");
        var started = Stopwatch.GetTimestamp();
        await Cluster.MakeWholeAsync();
        await fault.AssertServedAsync(started, TimeSpan.FromSeconds(40)); // Nothing is promised but that it happens: they have to start, all at once.
        await fault.JudgeAsync();
    }

    [Theory, ClassData(typeof(Rounds))]
    public async Task AnOwnerThatStoodStillNeverWritesAgain(int round)
    {
        await using var fault = await FaultRound.BeginAsync(Cluster);
        var owner = OwnerOf(round);
        AllowDeath(owner);
        var resources = fault.SharedOf(owner);
        // In the middle of its turn: between the check and the write nothing could hold it back, and there is a test of that.
        if (resources.Contains(FaultCluster.Judged)) await Cluster.JudgedDevice.HoldAsync();
        Cluster.Excuse();
        fault.Strike(owner.Stop);
        Cluster.JudgedDevice.Release();
        await fault.AssertTakenOverAsync(resources, TimeSpan.FromSeconds(8));
        await AssertDiesWhenItIsBackAsync(fault, owner);
        await fault.JudgeAsync();
    }

    [Theory, ClassData(typeof(Rounds))]
    public async Task AStopBetweenTheCheckAndTheWriteLetsOneWriteThrough(int round)
    {
        Assert.True(round > 0);
        await using var fault = await FaultRound.BeginAsync(Cluster);
        var owner = Cluster.Nodes.Owner(FaultCluster.Judged);
        AllowDeath(owner);
        var resources = fault.SharedOf(owner);
        var request = FaultCluster.StopRequest(owner);
        Cluster.Excuse(request);
        using var client = await Cluster.Nodes.Another(FaultCluster.Judged).ConnectAsync(FaultCluster.Judged);
        fault.Strike(() => { });
        await client.SendAsync(request + "\n");
        await Poll.UntilAsync(owner.IsStandingStill, "it does not stop itself");
        await fault.AssertTakenOverAsync(resources, TimeSpan.FromSeconds(8));
        await AssertDiesWhenItIsBackAsync(fault, owner);
        await fault.JudgeAsync();
        Assert.InRange(Cluster.JudgedDevice.Requests.Count(one => one.Request == request), 0, 1);
    }

    /// <summary>A reply of which the owner has sent a part when it dies must not look whole.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task HalfAReplyOfAKilledOwnerEndsByAReset(bool throughAnother)
    {
        await Cluster.MakeWholeAsync();
        var owner = Cluster.Nodes.Owner(FaultCluster.Echo);
        var at = throughAnother ? Cluster.Nodes.Another(FaultCluster.Echo) : owner;
        using var client = await TestClient.ConnectAsync(new IPEndPoint(at.Address, at.Port(FaultCluster.Echo)), receiveBuffer: 4096);
        await client.SendAsync(new string('x', Large) + "\n");
        Assert.Equal("x", await client.ReadAsync(1));
        owner.Kill();
        await Assert.ThrowsAsync<IOException>(client.ReadToEndAsync);
    }

    /// <summary>A clock that is wrong, as long as it runs, changes nothing; nor does one that is put right by an hour.</summary>
    [Fact]
    public async Task AWallClockThatIsAheadChangesNothing()
    {
        Tool.Require(FakeTime.Library);
        using var clock = new FakeTime(TimeSpan.FromHours(1));
        await Cluster.MakeWholeAsync();
        // Not node "a": the epochs of the resource that it alone may own follow its clock, and go back with it.
        var ahead = Cluster.Nodes.Nodes.First(node => node.Name != "a" && node != Cluster.Nodes.Owner(FaultCluster.Judged));
        ahead.Kill();
        await ahead.Process.ExitAsync(TimeSpan.FromSeconds(5));
        clock.Wear(ahead);
        try
        {
            await using var fault = await FaultRound.BeginAsync(Cluster);
            // Until it owns the device, and has to give it up again.
            for (var i = 0; i < 4 && Cluster.Nodes.Owner(FaultCluster.Judged) != ahead; i++)
            {
                fault.Strike(Cluster.Nodes.Owner(FaultCluster.Judged).Kill);
                await fault.AssertTakenOverAsync([FaultCluster.Judged], TimeSpan.FromSeconds(6));
                await Cluster.MakeWholeAsync();
            }

            // Nor does it keep others from joining.
            var another = Cluster.Nodes.Nodes.First(node => node != ahead && node.IsRunning);
            another.Kill();
            await another.Process.ExitAsync(TimeSpan.FromSeconds(5));
            await Cluster.MakeWholeAsync();

            fault.Strike(() => clock.Set(TimeSpan.FromHours(2)));
            await Cluster.Nodes.WaitForOwnersAsync();
            await fault.AssertServedAsync(Stopwatch.GetTimestamp(), NodeCluster.Lease + NodeCluster.Margin + TimeSpan.FromSeconds(6));
            await fault.JudgeAsync();
        }
        finally
        {
            FakeTime.TakeOff(ahead);
            if (ahead.IsRunning) ahead.Process.Terminate();
            await ahead.Process.ExitAsync(TimeSpan.FromSeconds(15));
        }

        // And with its clock put right again, it is one of them as before: the others hear it, and give it what they own.
        await Cluster.MakeWholeAsync();
        await MoveAsync(FaultCluster.Judged, ahead, Cluster.Nodes["a"]);
        Assert.Equal(ahead.Name, Cluster.Nodes.Owner(FaultCluster.Judged).Name);
    }

    /// <summary>The store is not there, and for a while that node is not either.</summary>
    [Theory, ClassData(typeof(Rounds))]
    public async Task AResourceOfASingleNodeNeedsNoStore(int round)
    {
        await Cluster.MakeWholeAsync();
        var (own, other) = (Cluster.Nodes["a"], Cluster.Nodes["b"]);
        using var before = await other.ConnectAsync(FaultCluster.Alone);
        await AssertServedAsync(before, $"{round} before");
        await Cluster.EndStoreAsync();
        var watch = Stopwatch.StartNew();
        for (var i = 0; watch.Elapsed < NodeCluster.Lease + NodeCluster.Margin + TimeSpan.FromSeconds(1); i++)
        {
            using var here = await own.ConnectAsync(FaultCluster.Alone);
            await AssertServedAsync(here, $"{round} here {i}");
            using var there = await other.ConnectAsync(FaultCluster.Alone);
            await AssertServedAsync(there, $"{round} there {i}");
            await AssertServedAsync(before, $"{round} as before {i}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), Cancellation);
        }

        own.Kill();
        using (var refused = await other.ConnectAsync(FaultCluster.Alone))
        {
            // Nobody can say that it is gone, while the store is away: for that the others wait as long as for a takeover.
            var asked = Stopwatch.GetTimestamp();
            Assert.StartsWith("ERROR unavailable", await refused.AskAsync("nobody"), StringComparison.Ordinal);
            Assert.True(Stopwatch.GetElapsedTime(asked) < NodeCluster.Lease + NodeCluster.Margin + TimeSpan.FromSeconds(3), $"it was refused after {Stopwatch.GetElapsedTime(asked)}");
        }

        await Cluster.Nodes.StartAsync(own);
        await Poll.UntilAsync(() => own.Terms().ContainsKey(FaultCluster.Alone), $"it does not serve it:\n{own.Process.Log}");
        using (var again = await own.ConnectAsync(FaultCluster.Alone)) await AssertServedAsync(again, $"{round} again");
        await Cluster.StartStoreAgainAsync();
        await Cluster.MakeWholeAsync();
        await Poll.UntilAsync(async () => await IsServedAsync(other, round), () => "the others do not find it again");
        Cluster.Judge();
    }

    /// <summary>A node that is about to join again, and cannot, still knows where others were.</summary>
    [Fact]
    public async Task AResourceOfASingleNodeIsFoundByANodeThatCannotJoinAgain()
    {
        await Cluster.MakeWholeAsync();
        var other = Cluster.Nodes["b"];
        using (var before = await other.ConnectAsync(FaultCluster.Alone)) await AssertServedAsync(before, "before it joins again");
        var line = other.Process.LineCount;
        await Cluster.Nodes.Store.EmptyAsync();
        await Poll.UntilAsync(
            () => other.Process.Log.Split('\n')[line..].Any(text => text.Contains("this node joins again", StringComparison.Ordinal)), "it has not noticed", TimeSpan.FromSeconds(20));
        await Cluster.EndStoreAsync();
        var watch = Stopwatch.StartNew();
        for (var i = 0; watch.Elapsed < NodeCluster.Lease; i++)
        {
            using var client = await other.ConnectAsync(FaultCluster.Alone);
            await AssertServedAsync(client, $"while it cannot join again {i}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), Cancellation);
        }

        await Cluster.StartStoreAgainAsync();
        await Cluster.MakeWholeAsync();
        Cluster.Judge();
    }

    [Fact]
    public async Task AResourceOfASingleNodeThatIsKnownToBeGoneIsRefusedAtOnce()
    {
        await Cluster.MakeWholeAsync();
        var (own, other) = (Cluster.Nodes["a"], Cluster.Nodes["b"]);
        own.Kill();
        var killed = Stopwatch.GetTimestamp();
        await Poll.UntilAsync(
            async () =>
            {
                using var client = await other.ConnectAsync(FaultCluster.Alone);
                var asked = Stopwatch.GetTimestamp();
                Assert.StartsWith("ERROR unavailable", await client.AskAsync("nobody"), StringComparison.Ordinal);
                return Stopwatch.GetElapsedTime(asked) < TimeSpan.FromMilliseconds(500);
            },
            () => "it is never refused at once", TimeSpan.FromSeconds(20));
        FaultRound.Tell($"refused at once after {Stopwatch.GetElapsedTime(killed).TotalSeconds:0.00} s");
    }

    private static void AllowDeath(ClusterNode node)
    {
        foreach (var words in ClusterNoise.OfADeclaredDeath) node.Allow(words);
    }

    private static (JudgedRequest Last, JudgedRequest Next) HandOver(JudgeDevice device, long moment)
    {
        var requests = device.Requests;
        var before = requests.Last(request => request.At <= moment).Epoch;
        var next = requests.First(request => request.Epoch > before);
        return (requests.Last(request => request.Epoch == before), next);
    }

    private static async Task AssertDiesWhenItIsBackAsync(FaultRound fault, ClusterNode owner)
    {
        await AwayAsync(fault);
        owner.Continue();
        Assert.Equal(1, await owner.Process.ExitAsync(TimeSpan.FromSeconds(10)));
    }

    private static async Task AssertServedAsync(TestClient client, string request)
    {
        request = request.Replace(' ', '-');
        var answer = await client.AskAsync(request);
        Assert.True(answer is not null && answer.StartsWith("ok ", StringComparison.Ordinal) && answer.EndsWith(request, StringComparison.Ordinal), answer);
    }

    private static async Task<bool> IsServedAsync(ClusterNode node, int round)
    {
        using var client = await node.ConnectAsync(FaultCluster.Alone);
        return await client.AskAsync($"{round}-{Guid.NewGuid():N}") is { } answer && answer.StartsWith("ok ", StringComparison.Ordinal);
    }
}
