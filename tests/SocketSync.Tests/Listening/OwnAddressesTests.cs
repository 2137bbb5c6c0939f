using System.Net;
using System.Net.NetworkInformation;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

public class OwnAddressesTests
{
    private readonly OwnAddresses _own = new([1502], new FakeTimeProvider());

    [Theory]
    [InlineData("127.0.0.1", 1502, true)]
    [InlineData("127.9.9.9", 1502, true)]
    [InlineData("::1", 1502, true)]
    [InlineData("127.0.0.1", 1503, false)]
    [InlineData("192.0.2.1", 1502, false)] // TEST-NET-1, RFC 5737: nobody's own
    public void ASenderIsThisServerWhereAddressAndPortAreItsOwn(string address, int port, bool isOwn) =>
        Assert.Equal(isOwn, _own.Contains(new IPEndPoint(IPAddress.Parse(address), port)));

    [Fact]
    public void EveryAddressOfTheMachineIsItsOwn() => Assert.All(
        NetworkInterface.GetAllNetworkInterfaces().SelectMany(card => card.GetIPProperties().UnicastAddresses),
        unicast => Assert.True(_own.Contains(new IPEndPoint(unicast.Address, 1502))));
}
