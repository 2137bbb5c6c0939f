using System.Net;
using System.Net.Sockets;

namespace SocketSync.Tests;

public class ListenerTransportBindingTests
{
    [Fact]
    public void LocalhostWithPort0HasOnePortForBothFamilies()
    {
        var listeners = ListenerTransportHost.Bind(("A", new ListenerOptions { Port = 0 }));
        var ports = listeners.EndPoints[0].LocalEndPoints.Cast<IPEndPoint>().Select(e => e.Port).ToList();
        listeners.Close();

        Assert.Single(ports.Distinct());
        Assert.NotEqual(0, ports[0]);
        Assert.Equal(Socket.OSSupportsIPv6 ? 2 : 1, ports.Count);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1:{0}")]
    [InlineData("*", "*:{0}")]
    [InlineData("localhost", "127.0.0.1:{0}")]
    public void AnAddressInUseIsToldInOneLine(string address, string shown)
    {
        using var other = Listening(IPAddress.Loopback, 0, out var port);

        var problems = ListenerTransportHost.Problems(("A", new ListenerOptions { Address = address, Port = port }));

        var where = shown.Replace("{0}", $"{port}", StringComparison.Ordinal);
        Assert.Equal([$"SocketSync:Listeners:A:Port: '{port}': {where} is already in use"], problems);
    }

    [Fact]
    public void LocalhostIsRefusedWhenOnlyIPv6IsInUse()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "no IPv6");
        using var other = Listening(IPAddress.IPv6Loopback, 0, out var port);

        Assert.Equal([$"SocketSync:Listeners:A:Port: '{port}': [::1]:{port} is already in use"], ListenerTransportHost.Problems(("A", new ListenerOptions { Port = port })));
        using var free = Listening(IPAddress.Loopback, port, out _); // the IPv4 half was let go
    }

    [Fact]
    public void EveryProblemIsToldAndNothingStaysBound()
    {
        using var other = Listening(IPAddress.Loopback, 0, out var port);
        var freePort = FreePort.Next();

        var problems = ListenerTransportHost.Problems(
            ("Good", new ListenerOptions { Address = "127.0.0.1", Port = freePort }),
            ("Taken", new ListenerOptions { Address = "127.0.0.1", Port = port }),
            ("Foreign", new ListenerOptions { Address = "192.0.2.1", Port = 0 }),
            ("Nonsense", new ListenerOptions { Address = "nonsense", Port = 0 }));

        Assert.Equal(
            [
                $"SocketSync:Listeners:Taken:Port: '{port}': 127.0.0.1:{port} is already in use",
                "SocketSync:Listeners:Foreign:Address: '192.0.2.1': is not an address of this machine",
                "SocketSync:Listeners:Nonsense:Address: 'nonsense': must be an IP address, 'localhost' or '*'",
            ],
            problems);
        using var again = Listening(IPAddress.Loopback, freePort, out _);
    }

    [Fact]
    public void TheDefaultAddressIsNamedWhereItIsTheOneToMend()
    {
        var error = Assert.Throws<ListenerBindException>(() => ListenerBinder.Bind(
            new Dictionary<string, ListenerOptions>(StringComparer.Ordinal) { ["A"] = new() { Port = 0 } }, "192.0.2.1"));
        Assert.Equal(["SocketSync:DefaultAddress: '192.0.2.1': is not an address of this machine"], error.Problems);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("127.0.0.1", "*")]
    [InlineData("*", "localhost")]
    [InlineData("0.0.0.0", "127.0.0.1")]
    public void TwoListenersOfOneConfigurationCannotShareAnAddress(string first, string second)
    {
        var port = FreePort.Next();
        var problems = ListenerTransportHost.Problems(
            ("A", new ListenerOptions { Address = first, Port = port }), ("B", new ListenerOptions { Address = second, Port = port }));
        Assert.NotEmpty(problems);
        Assert.All(problems, p => Assert.StartsWith($"SocketSync:Listeners:B:Port: '{port}': ", p, StringComparison.Ordinal));
        Assert.All(problems, p => Assert.EndsWith(" is already in use", p, StringComparison.Ordinal));
    }

    [Fact]
    public void TheTwoFamiliesAreTwoAddresses()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "no IPv6");
        var port = FreePort.Next();
        var listeners = ListenerTransportHost.Bind(
            ("A", new ListenerOptions { Address = "0.0.0.0", Port = port }), ("B", new ListenerOptions { Address = "::", Port = port }));
        listeners.Listen();
        listeners.Open();
        listeners.Close();
    }

    [Fact]
    public void SomeoneElseWhoListensBetweenBindAndOpenIsToldAlikeAndAllAreClosed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only Linux lets two bound sockets share an address");
        var listeners = ListenerTransportHost.Bind(
            ("First", new ListenerOptions { Address = "127.0.0.1", Port = 0 }), ("A", new ListenerOptions { Address = "127.0.0.1", Port = 0 }));
        var port = listeners.EndPoints[1].Port!.Value;
        using var other = Listening(IPAddress.Loopback, port, out _);

        var error = Assert.Throws<ListenerBindException>(listeners.Listen);

        Assert.Equal([$"SocketSync:Listeners:A:Port: '0': 127.0.0.1:{port} is already in use"], error.Problems);
        using var again = Listening(IPAddress.Loopback, listeners.EndPoints[0].Port!.Value, out _);
    }

    private static Socket Listening(IPAddress address, int port, out int bound)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, port));
        socket.Listen();
        bound = ((IPEndPoint)socket.LocalEndPoint!).Port;
        return socket;
    }
}
