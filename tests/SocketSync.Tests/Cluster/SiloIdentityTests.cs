using System.Net;
using Orleans;
using Orleans.Runtime;

namespace SocketSync.Tests;

/// <summary>Which of a node's lives this one is.</summary>
public sealed class SiloIdentityTests
{
    private static readonly ClusterOptions s_options = new() { Node = "a", Address = "127.0.0.1", NodePort = 11111 };

    [Fact]
    public void WithoutAnEarlierLifeTheClockCounts()
    {
        var before = SiloAddress.AllocateNewGeneration();
        Assert.InRange(Follow().Generation, before, SiloAddress.AllocateNewGeneration());
    }

    [Fact]
    public void AfterAClockThatWasAheadALifeIsLaterAllTheSame()
    {
        var ahead = SiloAddress.AllocateNewGeneration() + 3600;
        Assert.Equal(ahead + 1, Follow((11111, ahead - 10), (11111, ahead), (11111, ahead - 5)).Generation);
    }

    [Fact]
    public void AnotherNodesLivesAreNotItsOwn()
    {
        var ahead = SiloAddress.AllocateNewGeneration() + 3600;
        Assert.InRange(Follow((11112, ahead)).Generation, 1, ahead - 1);
    }

    private static SiloAddress Follow(params (int Port, int Generation)[] lives)
    {
        var identity = new SiloIdentity(s_options);
        var members = lives.Select(life => Tuple.Create(
            new MembershipEntry { SiloAddress = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, life.Port), life.Generation) }, ""));
        identity.Follow(new(members.ToList(), new(0, "")));
        Assert.Equal(new(IPAddress.Loopback, 11111), identity.SiloAddress.Endpoint);
        return identity.SiloAddress;
    }
}
