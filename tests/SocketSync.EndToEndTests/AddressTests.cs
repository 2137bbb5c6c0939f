using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

public sealed class AddressTests
{
    [Theory]
    [InlineData("::1", "::1")]
    [InlineData("*", "127.0.0.1", "::1")]
    [InlineData("localhost", "127.0.0.1", "::1")]
    [InlineData("127.0.0.1", "127.0.0.1")]
    public async Task ServesAt(string address, params string[] reached)
    {
        // A fixed port, since one address in two families has no free port of both to pick.
        var port = FreePort.Next();
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Address": "{{address}}", "Port": {{port}} } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
            """);
        foreach (var at in reached)
        {
            using var client = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Parse(at), port));
            Assert.Equal(at, await client.AskAsync(at));
        }
    }

    [Fact]
    public async Task ListensWhereDefaultAddressSays()
    {
        await using var server = await ServerProcess.StartAsync(@"""DefaultAddress"": ""::1""," + Settings.EchoLines);
        var port = (await server.StatusAsync()).Listener.Port;
        using var client = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.IPv6Loopback, port));
        Assert.Equal("a", await client.AskAsync("a"));
        await Assert.ThrowsAsync<SocketException>(() => TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port)));
    }

    [Fact]
    public async Task ClosesWhoIsNotInAnAllowedNetwork()
    {
        await using var server = await ServerProcess.StartAsync("""
            "Listeners": {
              "Default": { "Port": 0, "AllowedNetworks": [ "192.0.2.0/24", "2001:db8::/32" ] },
              "Own": { "Port": 0, "Resource": "Default", "AllowedNetworks": [ "192.0.2.0/24", "127.0.0.0/8" ] }
            },
            "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
            """);
        using var stranger = await server.ConnectAsync();
        Assert.Equal("", await stranger.WaitForCloseAsync());
        using var own = await server.ConnectAsync("Own");
        Assert.Equal("a", await own.AskAsync("a"));
        var status = await server.WaitForStatusAsync(s => s.Listener.Connections == 0);
        Assert.Equal(1, status.Listener.Rejected);
        Assert.Equal(0, status.Listeners["Own"].Rejected);
    }

    [Fact]
    public async Task ClosesWhoIsOneTooManyAndTakesTheNextWhenOneHasLeft()
    {
        await using var server = await ServerProcess.StartAsync("""
            "Listeners": { "Default": { "Port": 0, "MaxConnections": 2 } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
            """);
        using var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();
        Assert.Equal("1", await first.AskAsync("1"));
        Assert.Equal("2", await second.AskAsync("2"));

        using (var third = await server.ConnectAsync())
            Assert.Equal("", await third.WaitForCloseAsync());
        await server.WaitForStatusAsync(s => s.Listener is { Rejected: 1, Connections: 2 });

        first.Dispose();
        await server.WaitForStatusAsync(s => s.Listener.Connections == 1);
        using var fourth = await server.ConnectAsync();
        Assert.Equal("4", await fourth.AskAsync("4"));
    }
}
