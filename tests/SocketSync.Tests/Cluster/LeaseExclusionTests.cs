using CsCheck;

namespace SocketSync.Tests;

/// <summary>Random mishaps of nodes, network and store, judged by a device.</summary>
public sealed class LeaseExclusionTests
{
    private static readonly LeaseTimes Times = new(TimeSpan.FromSeconds(3), TimeSpan.FromMilliseconds(500));

    // Together they may differ by no more than the margin allows: 3.5 / 3.
    private static readonly Gen<double> GenRate = Gen.Double[1, 1.16];

    private static readonly Gen<Mishap> GenMishap = Gen.Select(
        Gen.Int[0, 13], Gen.Int[0, 2], Gen.Int[0, 7000], Gen.Int[0, 5000],
        (kind, node, duration, next) => new Mishap((MishapKind)(kind % 11), node, TimeSpan.FromMilliseconds(duration), TimeSpan.FromMilliseconds(next)));

    private static readonly Gen<(double[] Rates, int Seed, Mishap[] Mishaps)> GenHistory = Gen.Select(
        GenRate.Array[2, 3], Gen.Int[0, 1000], GenMishap.Array[5, 40], (rates, seed, mishaps) => (rates, seed, mishaps));

    public enum MishapKind
    {
        None,
        Stop,
        Suspend,
        CutOff,
        StoreAway,
        StoreEmptied,
        StoreEmptiedTwice,
        Release,
        WallClockSet,
        SlowNetwork,
        FalseNews,
    }

    [Fact]
    public void NoTwoTermsAreValidAtOnceAndEpochsGrow()
    {
        var steps = 0;
        var takeovers = 0;
        GenHistory.Sample(
            history =>
            {
                var world = Play(history.Rates, history.Seed, history.Mishaps, Times);
                Interlocked.Add(ref steps, world.Steps);
                Interlocked.Add(ref takeovers, world.Owners);
                return world.Fault is null;
            },
            iter: 300, threads: 1, print: Print);
        TestContext.Current.TestOutputHelper?.WriteLine($"{steps} steps, {takeovers} terms");
        Assert.True(steps > 300_000, $"{steps} steps");
        Assert.True(takeovers > 1000, $"{takeovers} terms");
    }

    /// <summary>So that the judge is known to see: the same clocks, and no margin for them.</summary>
    [Fact]
    public void WithoutAMarginClocksOfDifferentSpeedsMakeTwoOwners()
    {
        var world = new LeaseWorld(Times with { Margin = TimeSpan.Zero });
        var slow = world.AddNode();
        world.AdvanceUntil(() => slow.IsOwner);
        world.AddNode(1.16);
        world.Advance(TimeSpan.FromSeconds(5));
        Assert.Null(world.Fault);
        slow.IsCutOff = true;
        world.Advance(TimeSpan.FromSeconds(5));
        Assert.Contains("valid terms of n0", world.Fault, StringComparison.Ordinal);
    }

    private static LeaseWorld Play(double[] rates, int seed, Mishap[] mishaps, LeaseTimes times)
    {
        var world = new LeaseWorld(times, seed);
        foreach (var rate in rates) world.AddNode(rate);
        foreach (var mishap in mishaps)
        {
            Happen(world, mishap, world.Nodes[mishap.Node % rates.Length]);
            world.Advance(mishap.Next);
        }

        return world;
    }

    private static void Happen(LeaseWorld world, Mishap mishap, LeaseNode node)
    {
        switch (mishap.Kind)
        {
            case MishapKind.Stop:
                node.Stop(mishap.Duration);
                break;
            case MishapKind.Suspend:
                node.Suspend(mishap.Duration);
                break;
            case MishapKind.CutOff:
                node.IsCutOff = true;
                world.At(mishap.Duration, () => node.IsCutOff = false);
                break;
            case MishapKind.StoreAway:
                world.IsStoreAway = true;
                world.At(mishap.Duration, () => world.IsStoreAway = false);
                break;
            case MishapKind.StoreEmptied:
                world.Stored = null;
                break;
            case MishapKind.StoreEmptiedTwice:
                world.Stored = null;
                world.At(mishap.Duration / 10, () => world.Stored = null);
                break;
            case MishapKind.Release:
                node.Release();
                break;
            case MishapKind.WallClockSet:
                // Once the store has lost its data, epochs follow the wall clocks, which must agree to within the lease and the margin.
                node.WallAhead = (mishap.Duration - TimeSpan.FromSeconds(3.5)) * 0.4;
                break;
            case MishapKind.SlowNetwork:
                world.Latency = mishap.Duration / 10;
                world.At(mishap.Duration, () => world.Latency = TimeSpan.FromMilliseconds(20));
                break;
            case MishapKind.FalseNews:
                node.Hear();
                world.At(mishap.Duration / 100, node.Hear);
                break;
        }
    }

    private static string Print((double[] Rates, int Seed, Mishap[] Mishaps) history) =>
        $"rates {string.Join(' ', history.Rates)}, seed {history.Seed}\n{string.Join('\n', history.Mishaps.AsEnumerable())}\n"
        + Play(history.Rates, history.Seed, history.Mishaps, Times).Fault;

    public sealed record Mishap(MishapKind Kind, int Node, TimeSpan Duration, TimeSpan Next);
}
