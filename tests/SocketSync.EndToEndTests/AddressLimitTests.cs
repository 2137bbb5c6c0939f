using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>What one client address may have of a listener and of a line.</summary>
public sealed class AddressLimitTests
{
    [Fact]
    public async Task OneAddressHasOnlySoManyConnections()
    {
        await using var server = await ServerProcess.StartAsync("""
            "Listeners": { "Default": { "Port": 0, "MaxConnectionsPerAddress": 2 } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
            """);
        var port = (await server.StatusAsync()).Listener.Port;
        using var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();
        Assert.Equal("a", await first.AskAsync("a"));
        Assert.Equal("b", await second.AskAsync("b"));

        using var third = await server.ConnectAsync();
        Assert.Equal("", await third.WaitForCloseAsync());
        await server.WaitForStatusAsync(s => s.Listener is { Rejected: 1, Connections: 2 });

        using var other = Connect("127.0.0.2", port);
        Assert.Equal("c", Ask(other, "c"));
        first.Dispose();
        await server.WaitForStatusAsync(s => s.Listener.Connections == 2);
        using var again = await server.ConnectAsync();
        Assert.Equal("d", await again.AskAsync("d"));
    }

    [Fact]
    public async Task BehindAProxyTheClientsOwnAddressCounts()
    {
        await using var server = await ServerProcess.StartAsync("""
            "Listeners": { "Default": { "Port": 0, "MaxConnectionsPerAddress": 1, "ProxyProtocol": true, "TrustedProxies": [ "127.0.0.0/8" ] } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
            """);
        using var first = await ProxiedAsync(server, "192.0.2.1");
        using var other = await ProxiedAsync(server, "192.0.2.2");
        Assert.Equal("a", await first.AskAsync("a"));
        Assert.Equal("b", await other.AskAsync("b"));

        using var second = await ProxiedAsync(server, "192.0.2.1");
        Assert.Equal("", await second.WaitForCloseAsync());
        await server.WaitForStatusAsync(s => s.Listener.Rejected == 1);
    }

    [Fact]
    public async Task OneAddressHasOnlySoManyPlacesInLine()
    {
        await using var server = await ServerProcess.StartAsync($$"""
            {{Operator.Setting}}
            "Listeners": { "Default": { "Port": 0 } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" }, "Gate": { "MaxQueuePerAddress": 1 } } }
            """);
        var steering = new Operator(server);
        await steering.PauseAsync();
        using var waiting = await server.ConnectAsync();
        await TurnTests.WaitInLineAsync(server, waiting, "waiting", 1);

        using var refused = await server.ConnectAsync();
        Assert.StartsWith("ERROR busy ", await refused.AskAsync("refused"), StringComparison.Ordinal);
        using var other = Connect("127.0.0.2", (await server.StatusAsync()).Listener.Port);
        other.Send("other\n"u8);
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 2);

        await steering.ResumeAsync();
        Assert.Equal("waiting", await waiting.ReadLineAsync());
        Assert.Equal("other", ReadLine(other));
        Assert.Equal("again", await refused.AskAsync("again"));
    }

    [Fact]
    public async Task ManyOfALowClassDoNotShutAHigherOneOut()
    {
        await using var server = await ServerProcess.StartAsync($$"""
            {{Operator.Setting}}
            "Listeners": { "Default": { "Port": 0, "Priority": "Low" }, "Urgent": { "Port": 0, "Priority": "High", "Resource": "Default" } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" }, "Gate": { "MaxQueue": 4 } } }
            """);
        var steering = new Operator(server);
        await steering.PauseAsync();
        var low = new List<TestClient>();
        for (var i = 0; i < 4; i++)
        {
            low.Add(await server.ConnectAsync());
            await TurnTests.WaitInLineAsync(server, low[i], $"low {i}", i + 1);
        }

        var high = new List<TestClient>();
        for (var i = 0; i < 3; i++)
        {
            high.Add(await server.ConnectAsync("Urgent"));
            await high[i].SendAsync($"high {i}\n");
            // The youngest gives way.
            Assert.StartsWith("ERROR busy ", await low[3 - i].ReadLineAsync(), StringComparison.Ordinal);
        }

        await steering.ResumeAsync();
        for (var i = 0; i < 3; i++) Assert.Equal($"high {i}", await high[i].ReadLineAsync());
        Assert.Equal("low 0", await low[0].ReadLineAsync());
        await server.WaitForStatusAsync(s => s.Resource is { Completed: 4, Refused: 3 });
        low.ForEach(c => c.Dispose());
        high.ForEach(c => c.Dispose());
    }

    private static async Task<TestClient> ProxiedAsync(ServerProcess server, string client)
    {
        var connection = await server.ConnectAsync();
        await connection.SendAsync($"PROXY TCP4 {client} 192.0.2.100 1000 2000\r\n");
        return connection;
    }

    private static Socket Connect(string from, int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 15_000 };
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        socket.Connect(IPAddress.Loopback, port);
        return socket;
    }

    private static string Ask(Socket socket, string line)
    {
        socket.Send([.. System.Text.Encoding.ASCII.GetBytes(line), (byte)'\n']);
        return ReadLine(socket);
    }

    private static string ReadLine(Socket socket)
    {
        var line = new byte[100];
        var length = 0;
        while (length == 0 || line[length - 1] != '\n') length += socket.Receive(line.AsSpan(length));
        return System.Text.Encoding.ASCII.GetString(line, 0, length - 1);
    }
}
