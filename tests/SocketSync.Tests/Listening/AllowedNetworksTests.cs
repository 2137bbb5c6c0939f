using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync.Tests;

public class AllowedNetworksTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "11.1.2.3", false)]
    [InlineData("10.0.0.0/8", "::ffff:10.1.2.3", true)]
    [InlineData("10.0.0.0/8", "::ffff:11.1.2.3", false)]
    [InlineData("::ffff:10.0.0.0/104", "10.1.2.3", true)]
    [InlineData("::ffff:10.0.0.0/104", "::ffff:11.1.2.3", false)]
    [InlineData("10.0.0.0/8", "::1", false)]
    [InlineData("0.0.0.0/0", "::1", false)]
    [InlineData("::/0", "2001:db8::1", true)]
    [InlineData("::/0", "10.1.2.3", false)]
    [InlineData("::/0", "::ffff:10.1.2.3", false)]
    [InlineData("2001:db8::/32", "2001:db8:1::1", true)]
    [InlineData("2001:db8::/32", "2001:db9::1", false)]
    [InlineData("fe80::/10", "fe80::1%3", true)]
    [InlineData("192.0.2.7/32", "192.0.2.7", true)]
    [InlineData("192.0.2.7/32", "192.0.2.8", false)]
    public async Task AClientIsLetInByItsAddress(string network, string client, bool allowed)
    {
        var (served, rejected) = await RunAsync([IPNetwork.Parse(network)], new IPEndPoint(IPAddress.Parse(client), 1));
        Assert.Equal(allowed, served);
        Assert.Equal(!allowed, rejected);
    }

    [Fact]
    public async Task AnyOfTheNetworksIsEnough() => Assert.True(
        (await RunAsync([IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("::1/128")], new IPEndPoint(IPAddress.IPv6Loopback, 1))).Served);

    [Fact]
    public async Task AnEmptyListLetsAllIn() =>
        Assert.True((await RunAsync([], new IPEndPoint(IPAddress.Parse("192.0.2.1"), 1))).Served);

    [Fact]
    public async Task AClientWithoutAnIPAddressPasses()
    {
        Assert.True((await RunAsync([IPNetwork.Parse("10.0.0.0/8")], new UnixDomainSocketEndPoint("/tmp/x"))).Served);
        Assert.True((await RunAsync([IPNetwork.Parse("10.0.0.0/8")], null)).Served);
    }

    [Fact]
    public async Task ARejectedClientIsClosedAndGetsNothing()
    {
        await using var host = await ListenerTransportHost.OpenAsync(new ListenerOptions { Port = 0 }, listener =>
        {
            listener.UseAllowedNetworks([IPNetwork.Parse("192.0.2.0/24")]);
            ListenerTransportHost.Echo(listener);
        });
        using var client = await ListenerTransportClient.ConnectAsync(host.Port);
        Assert.Equal("", await client.ReadAsync());
    }

    private static async Task<(bool Served, bool Rejected)> RunAsync(IReadOnlyCollection<IPNetwork> networks, EndPoint? remote)
    {
        bool served = false, rejected = false;
        await using var services = new ServiceCollection().BuildServiceProvider();
        var builder = new ConnectionBuilder(services);
        builder.UseAllowedNetworks(networks, _ => rejected = true);
        builder.Run(_ =>
        {
            served = true;
            return Task.CompletedTask;
        });
        await using var connection = new DefaultConnectionContext { RemoteEndPoint = remote };
        await builder.Build()(connection);
        return (served, rejected);
    }
}
