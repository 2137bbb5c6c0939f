using System.Globalization;
using System.Net.Sockets;

namespace SocketSync.Tests;

/// <summary>What a client may expect is the same through a node that does not own the resource.</summary>
public sealed class ForwardTests
{
    [Fact]
    public async Task ARequestIsAnsweredByTheOwner()
    {
        await using var pair = await ForwardPair.StartAsync();
        using var client = await pair.ConnectAsync();
        Assert.Equal("hello", await client.AskAsync("hello"));
        Assert.Equal("again", await client.AskAsync("again"));

        var there = Assert.Single(pair.Owner.Topology.ListConnections());
        Assert.Equal(2, there.Requests);
        Assert.Equal(client.Socket.LocalEndPoint!.ToString(), there.RemoteEndPoint);
        Assert.StartsWith("a-", there.Id, StringComparison.Ordinal);
        Assert.Null(there.ForwardedTo);
        var here = Assert.Single(pair.Ingress.Topology.ListConnections());
        Assert.Equal((there.Id, "b"), (here.Id, here.ForwardedTo));
    }

    [Fact]
    public async Task PipelinedRepliesKeepTheirOrder()
    {
        await using var pair = await ForwardPair.StartAsync();
        using var client = await pair.ConnectAsync();
        var lines = Enumerable.Range(0, 5_000).Select(i => i.ToString(CultureInfo.InvariantCulture)).ToList();
        var sending = client.SendAsync(string.Concat(lines.Select(line => line + "\n")));
        foreach (var line in lines)
            Assert.Equal(line, await client.ReadLineAsync());
        await sending;
    }

    [Fact]
    public async Task WhoHasEndedItsStreamIsAnsweredAndThenClosed()
    {
        await using var pair = await ForwardPair.StartAsync();
        using var client = await pair.ConnectAsync();
        await client.SendAsync("last\n");
        client.EndStream();
        Assert.Equal("last", await client.ReadLineAsync());
        Assert.Null(await client.ReadLineAsync());
    }
}
