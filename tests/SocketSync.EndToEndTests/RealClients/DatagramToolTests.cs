namespace SocketSync.EndToEndTests;

/// <summary>
/// Programs of others that send datagrams: each datagram is one request, and its reply is one datagram to its sender. Several at
/// once share one device, each has its own replies, and so have the clients of a second resource.
/// </summary>
public sealed class DatagramToolTests
{
    private const int Clients = 4;
    private const int Requests = 10;

    [Fact]
    public async Task SocatIsAnsweredOverUdp()
    {
        Tool.Require("socat");
        await AssertEachHasItsOwnAsync(
            """ "Port": 0 """, (port, _) => new("socat", ["-t5", "-", $"UDP4:127.0.0.1:{port}"]));
    }

    [Fact]
    public async Task NetcatIsAnsweredOverUdp()
    {
        Tool.Require("nc.openbsd");
        await AssertEachHasItsOwnAsync(
            """ "Port": 0, "Address": "127.0.0.1" """, (port, _) => new("nc.openbsd", ["-u", "127.0.0.1", $"{port}"]));
    }

    [Fact]
    public async Task SocatIsAnsweredOverAUnixSocketOfDatagrams()
    {
        Tool.Require("socat");
        using var files = new TestFiles();
        await AssertEachHasItsOwnAsync(
            $$""" "UnixSocket": "{{files["gate"]}}" """,
            (_, i) => new("socat", ["-t5", "-", $"UNIX-SENDTO:{files["gate"]},bind={files[$"client{i}"]}"]));
    }

    /// <param name="listener">Where the listener is.</param>
    /// <param name="open">Starts a client of a port, the how manieth it is.</param>
    private static async Task AssertEachHasItsOwnAsync(string listener, Func<int?, int, ChildProcess> open)
    {
        await using var device = await SimulatedDevice.StartAsync("line");
        await using var second = await SimulatedDevice.StartAsync("scpi");
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Transport": "Datagram", {{listener}} }, "Second": { "Port": 0 } },
            "Resources": {
              "Default": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { {{device.Link}} } },
              "Second": { "Processor": "Relay", "Protocol": { "Name": "Scpi" }, "Link": { {{second.Link}} } } }
            """);
        var port = (await server.StatusAsync()).Listener.TcpPort;

        var numbers = await Task.WhenAll(Enumerable.Range(0, Clients).Select(i => AskAsync(open(port, i), i)));
        Assert.Equal(Enumerable.Range(1, Clients * Requests), numbers.SelectMany(own => own).Order());
        Assert.Equal(1, device.Connections);

        using var client = await server.ConnectAsync("Second");
        Assert.Equal("2.000", await client.AskAsync("VOLT 2;VOLT?"));
    }

    /// <summary>Asks again and again, each time when the last was answered; returns the device's numbers of its requests.</summary>
    private static async Task<IReadOnlyList<int>> AskAsync(ChildProcess client, int name)
    {
        await using var process = client;
        List<int> numbers = [];
        for (var i = 0; i < Requests; i++)
        {
            await client.Input.WriteAsync($"client {name}, request {i}\n");
            await client.Input.FlushAsync(TestContext.Current.CancellationToken);
            await Poll.UntilAsync(() => client.Output.Count > i, $"reply {i} of client {name}: {client.Log}");
            var reply = client.Output[i].Split(": ");
            Assert.Equal($"CLIENT {name}, REQUEST {i}", reply[1]);
            numbers.Add(int.Parse(reply[0], System.Globalization.CultureInfo.InvariantCulture));
        }

        return numbers;
    }
}
