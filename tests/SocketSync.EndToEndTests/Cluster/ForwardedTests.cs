using System.Net;
using System.Net.Security;

namespace SocketSync.EndToEndTests;

/// <summary>What clients are promised of turns holds through a node that does not own the resource as well.</summary>
[Collection(ClusterTests.Name)]
public sealed class ForwardedTests(ForwardCluster cluster) : IClassFixture<ForwardCluster>
{
    [Fact]
    public async Task TheOwnerSeesTheClientsRealAddress()
    {
        using var client = await cluster.HoldAsync("address");
        var status = await cluster.Owner.StatusAsync();
        Assert.Equal($"{client.Socket.LocalEndPoint}", status.Resources["Scripted"].Turn!.RemoteEndPoint);
        await cluster.Owner.ReleaseAsync("address");
        Assert.Equal("hold address", await client.ReadLineAsync());
    }

    [Fact]
    public async Task PriorityGoesBeforeArrival()
    {
        using var holder = await cluster.HoldAsync("priority");
        using var low = await cluster.ConnectAsync("Low");
        using var normal = await cluster.ConnectAsync();
        using var own = await cluster.Owner.ConnectAsync("Scripted");
        using var high = await cluster.ConnectAsync("High");
        await cluster.WaitInLineAsync(low, "low", 1);
        await cluster.WaitInLineAsync(normal, "normal", 2);
        await cluster.WaitInLineAsync(own, "own", 3);
        await cluster.WaitInLineAsync(high, "high", 4);
        await cluster.Owner.ReleaseAsync("priority");
        foreach (var (client, line) in ((TestClient, string)[])[(low, "low"), (normal, "normal"), (own, "own"), (high, "high")])
            Assert.Equal(line, await client.ReadLineAsync());
        Assert.Equal(["high", "normal", "own", "low"], (await cluster.Owner.StageAsync()).Begun.SkipWhile(line => line != "hold priority").Skip(1), StringComparer.Ordinal);
    }

    [Fact]
    public async Task AHundredPipelinedRequestsTakeOnePlaceInLineAndKeepTheirOrder()
    {
        using var holder = await cluster.HoldAsync("pipeline");
        using var client = await cluster.ConnectAsync();
        await cluster.WaitInLineAsync(client, string.Join('\n', Enumerable.Range(0, 100).Select(i => $"p{i}")), 1);
        await cluster.Owner.ReleaseAsync("pipeline");
        for (var i = 0; i < 100; i++) Assert.Equal($"p{i}", await client.ReadLineAsync());
    }

    [Fact]
    public async Task WhoHasEndedItsStreamIsAnswered()
    {
        using var client = await cluster.ConnectAsync();
        await client.SendAsync("half\nclosed\n");
        client.HalfClose();
        Assert.Equal("half\nclosed\n", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task WhoResetsLeavesTheLineUnserved()
    {
        using var holder = await cluster.HoldAsync("reset");
        using var gone = await cluster.ConnectAsync();
        using var next = await cluster.ConnectAsync();
        await cluster.WaitInLineAsync(gone, "gone", 1);
        await cluster.WaitInLineAsync(next, "next after gone", 2);
        gone.Reset();
        await cluster.WaitForAsync("Scripted", resource => resource.QueueLength == 1);
        await cluster.Owner.ReleaseAsync("reset");
        Assert.Equal("next after gone", await next.ReadLineAsync());
        Assert.DoesNotContain("gone", (await cluster.Owner.StageAsync()).Begun, StringComparer.Ordinal);
    }

    [Fact]
    public async Task AQuietLeaseOutlivesTheRequest()
    {
        using var first = await cluster.ConnectAsync("Quiet");
        using var second = await cluster.Owner.ConnectAsync("Quiet");
        Assert.Equal("q1", await first.AskAsync("q1"));
        await cluster.WaitInLineAsync(second, "q3", 1, "Quiet");
        Assert.Equal("q2", await first.AskAsync("q2"));
        Assert.Equal("q3", await second.ReadLineAsync());
        Assert.Equal(["q1", "q2", "q3"], (await cluster.Owner.StageAsync()).Begun.Where(line => line.StartsWith('q')), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AConnectionsLeaseEndsWithIt(bool reset)
    {
        var first = await cluster.ConnectAsync("Leased");
        using var second = await cluster.Owner.ConnectAsync("Leased");
        Assert.Equal("l1", await first.AskAsync("l1"));
        await cluster.WaitInLineAsync(second, "l3", 1, "Leased");
        Assert.Equal("l2", await first.AskAsync("l2"));
        if (reset) first.Reset();
        else first.Dispose();
        Assert.Equal("l3", await second.ReadLineAsync());
    }

    [Fact]
    public async Task AConversationKeepsItsTurn()
    {
        using var first = await cluster.ConnectAsync("Converse");
        using var second = await cluster.ConnectAsync("Converse");
        Assert.Equal("which program?", await first.AskAsync("start"));
        await cluster.WaitInLineAsync(second, "start", 1, "Converse");
        Assert.Equal("1: short", await first.AskAsync("short"));
        Assert.Equal("which program?", await second.ReadLineAsync());
        Assert.Equal("2: long", await second.AskAsync("long"));
    }

    [Fact]
    public async Task ATunnelPassesBothWaysAndTheEndsOfBothStreams()
    {
        cluster.Console.AtEnd = connection => connection.SendRawAsync("last words\n"u8.ToArray());
        using var client = await cluster.ConnectAsync("Tunnel");
        Assert.Equal("=login", await client.AskAsync("login"));
        await cluster.Console.SendAsync("unasked\n"u8.ToArray());
        Assert.Equal("unasked", await client.ReadLineAsync());
        await client.SendAsync("bye\n");
        client.HalfClose();
        Assert.Equal("=bye\nlast words\n", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task AccessIsJudgedByTheClientsOwnAddress()
    {
        using var denied = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, cluster.Other.Port("Networks")), from: IPAddress.Parse("127.0.0.9"));
        Assert.StartsWith("ERROR denied ", await denied.AskAsync("a"), StringComparison.Ordinal);
        using var allowed = await cluster.ConnectAsync("Networks");
        Assert.Equal("a", await allowed.AskAsync("a"));
    }

    [Fact]
    public async Task AccessIsJudgedByTheRoleInTheClientsCertificate()
    {
        foreach (var (role, may) in ((string, bool)[])[("Operator", true), ("Viewer", false)])
        {
            using var certificate = cluster.Authority.Issue("a client", AccessTests.Role(role));
            using var client = await cluster.ConnectAsync("Roles");
            await client.SecureAsync(new SslClientAuthenticationOptions
            {
                TargetHost = "localhost", ClientCertificates = [certificate], CertificateChainPolicy = cluster.Authority.OnlyTrusted(),
            });
            Assert.Equal("GET 1", await client.AskAsync("GET 1"));
            Assert.Equal(may ? "SET 1" : "ERROR denied not allowed to this client", await client.AskAsync("SET 1"));
        }
    }

    [Fact]
    public async Task WhatAProxySaysOfItsClientIsPassedOn()
    {
        using var client = await cluster.ConnectAsync("Proxied");
        await client.SendAsync("PROXY TCP4 192.0.2.7 192.0.2.8 4711 80\r\nhold proxied\n");
        var status = await cluster.WaitForAsync("Proxied", resource => resource.Turn is not null);
        Assert.Equal("192.0.2.7:4711", status.Turn!.RemoteEndPoint);
        await cluster.Owner.ReleaseAsync("proxied");
        Assert.Equal("hold proxied", await client.ReadLineAsync());

        using var denied = await cluster.ConnectAsync("Proxied");
        await denied.SendAsync("PROXY TCP4 192.0.2.9 192.0.2.8 4711 80\r\na\n");
        Assert.StartsWith("ERROR denied ", await denied.ReadLineAsync(), StringComparison.Ordinal);
    }

    /// <summary>More in both directions than all buffers on the way hold.</summary>
    [Fact]
    public async Task WhoIsSlowToReadIsAnsweredWhole()
    {
        var text = new string('x', 60_000);
        using var client = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, cluster.Other.Port("Scripted")), receiveBuffer: 4096);
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++) await client.SendAsync(text + "\n");
        }, TestContext.Current.CancellationToken);
        for (var i = 0; i < 50; i++) Assert.Equal(text, await client.ReadLineAsync());
        await sending;
    }
}
