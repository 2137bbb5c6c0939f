using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SocketSync.Tests;

namespace SocketSync.EndToEndTests;

/// <summary>Nobody but nodes of the same cluster gets to a device through the ports that nodes have for each other.</summary>
public sealed class StrangerTests : IDisposable
{
    private const string Told = "The port for other nodes: a connection from ";
    private const string ToldOfSecret = "it does not know the secret of the nodes";
    private const string ToldOfLanguage = "it does not speak as a node";
    private const string ToldOfNode = "refused at the node port";

    private readonly NodeCertificates _certificates = new();
    private readonly TestAuthority _others = new("SocketSync nodes"); // Of the same name, with another key.

    public void Dispose()
    {
        _certificates.Dispose();
        _others.Dispose();
    }

    [Fact]
    public async Task WithoutTheSecretNobodyIsServedAndALineTells()
    {
        await using var cluster = await StartAsync(tls: null, "a");
        var node = cluster["a"];
        byte[][] attempts =
        [
            NodeHeader.Of("Echo", "Echo", RandomNumberGenerator.GetBytes(32)),
            NodeHeader.Of("Echo", "Echo", []),
            "GET / HTTP/1.1\r\n\r\n"u8.ToArray(),
            "a line\n"u8.ToArray(),
        ];
        foreach (var attempt in attempts)
        {
            using var stranger = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, node.ForwardPort));
            await stranger.SendAsync((byte[])[.. attempt, .. "mine\n"u8]);
            Assert.Equal("", await stranger.WaitForCloseAsync());
        }

        // The first of each kind at once; the others are summed up.
        await node.WaitForLogAsync(ToldOfSecret);
        await node.WaitForLogAsync(ToldOfLanguage);
        Assert.Equal(2, Count(node, Told));
        Assert.Equal(0, (await node.StatusAsync()).Resources["Echo"].Completed);
    }

    [Theory]
    [InlineData("plaintext", "TLS: the handshake with a client from 127.0.0.1 failed")]
    [InlineData("none", "TLS: a client from 127.0.0.1 is refused: it showed no certificate")]
    [InlineData("foreign", "TLS: a client from 127.0.0.1 is refused: its certificate is not accepted")]
    public async Task WithoutACertificateOfTheAuthorityNobodyIsServedAndALineTells(string shown, string told)
    {
        await using var cluster = await StartAsync(_certificates.Of, "a");
        var node = cluster["a"];
        using var foreign = _others.Issue("a");
        for (var i = 0; i < 3; i++)
        {
            using var stranger = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, node.ForwardPort));
            Assert.Equal("", await TryAsync(stranger, shown == "plaintext" ? null : Handshake(shown == "foreign" ? foreign : null)));
        }

        await node.WaitForLogAsync(told);
        Assert.Equal(1, Count(node, told));
        Assert.Equal(0, (await node.StatusAsync()).Resources["Echo"].Completed);
    }

    [Fact]
    public async Task ANodeWithACertificateOfAnotherAuthorityDoesNotJoinAndALineTells()
    {
        await using var cluster = new NodeCluster(await RedisServer.RunAsync(), Plan(), new("a"), new("b"))
        {
            Tls = node => node.Name == "a" ? _certificates.Of(node) : _certificates.Of(node, _others),
        };
        cluster.Allow(ClusterNoise.OfAStranger);
        await cluster.StartAsync(cluster["a"]);
        await cluster["a"].WaitForReadinessAsync();
        await cluster.StartAsync(cluster["b"]);
        await Poll.UntilAsync(
            () => Count(cluster["a"], ToldOfNode) + Count(cluster["b"], ToldOfNode) > 0, $"nothing tells:\n{cluster["a"].Process.Log}\n{cluster["b"].Process.Log}");
        // For as long as a node that may takes to join, and longer.
        await Task.Delay(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        Assert.NotEqual(HttpStatusCode.OK, await cluster["b"].ReadinessAsync());
        Assert.Equal(HttpStatusCode.OK, await cluster["a"].ReadinessAsync());
        Assert.Empty(cluster["b"].Terms());
        Assert.InRange(Count(cluster["a"], ToldOfNode), 0, 2);
        Assert.InRange(Count(cluster["b"], ToldOfNode), 0, 2);
        if (cluster["b"].IsRunning) cluster["b"].Kill(); // Which cannot leave what it has not joined.
    }

    [Fact]
    public async Task ANodeOfAnotherIdInTheSameStoreIsNoneOfThem()
    {
        await using var cluster = await StartAsync(tls: null, "a");
        await using var other = new NodeCluster(cluster.Store, Plan(), new ClusterNode("b")) { KeepsStore = true };
        await other.MakeWholeAsync();
        foreach (var node in (ClusterNode[])[cluster["a"], other["b"]])
        {
            Assert.Contains("Echo", node.Terms().Keys, StringComparer.Ordinal); // Each is alone, and serves for itself.
            using var client = await node.ConnectAsync("Echo");
            Assert.Equal("a", await client.AskAsync("a"));
            Assert.Equal(1, (await node.StatusAsync()).Resources["Echo"].Completed);
        }

        // Nor does it know the secret of theirs.
        using var stranger = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, cluster["a"].ForwardPort));
        await stranger.SendAsync((byte[])[.. NodeHeader.Of("Echo", "Echo", await SecretAsync(other)), .. "mine\n"u8]);
        Assert.Equal("", await stranger.WaitForCloseAsync());
    }

    /// <summary>A node of the next version says more than this one knows.</summary>
    [Fact]
    public async Task WhatANewerNodeSaysBesidesIsPassedOver()
    {
        await using var cluster = await StartAsync(tls: null, "a");
        using var newer = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, cluster["a"].ForwardPort));
        await newer.SendAsync(NodeHeader.Of("Echo", "Echo", await SecretAsync(cluster), version: 2, (0xE9, "what is new"u8.ToArray()), (0xEF, []), (0x05, [1, 2, 3])));
        Assert.Equal((char)NodeHeader.Accepted, (await newer.ReadAsync(4))[0]);
        await newer.SendAsync("hello\n");
        Assert.Equal("\0\0\0\u0006hello\n", await newer.ReadAsync(10));
    }

    private static async Task<NodeCluster> StartAsync(Func<ClusterNode, string>? tls, params string[] names)
    {
        var cluster = new NodeCluster(await RedisServer.RunAsync(), Plan(), [.. names.Select(name => new ClusterNode(name))]) { Tls = tls };
        await cluster.MakeWholeAsync();
        return cluster;
    }

    private static NodeCluster.Plan Plan() => new()
    {
        Listeners = node => $$""" "Echo": { "Port": {{node.Port("Echo")}} } """,
        Resources = """ "Echo": { "Protocol": { "Name": "Line" } } """,
        Shared = ["Echo"],
    };

    private static int Count(ClusterNode node, string words) => node.Process.Output.Count(line => line.Contains(words, StringComparison.Ordinal));

    private static async Task<string> TryAsync(TestClient stranger, SslClientAuthenticationOptions? handshake)
    {
        try
        {
            // With TLS 1.3 the client learns of the refusal only when it reads.
            if (handshake is not null) await stranger.SecureAsync(handshake);
            await stranger.SendAsync((byte[])[.. NodeHeader.Of("Echo", "Echo", []), .. "mine\n"u8]);
            return await stranger.WaitForCloseAsync();
        }
        catch (Exception error) when (error is IOException or AuthenticationException)
        {
            return ""; // Refused during the handshake.
        }
    }

    private static async Task<byte[]> SecretAsync(NodeCluster cluster) => await ((RedisServer)cluster.Store).GetAsync($"{cluster.Id}:secret");

    private SslClientAuthenticationOptions Handshake(X509Certificate2? certificate) => new()
    {
        TargetHost = "localhost",
        ClientCertificates = certificate is null ? null : [certificate],
        CertificateChainPolicy = _certificates.Authority.OnlyTrusted(),
    };
}
