using System.Diagnostics;

namespace SocketSync.EndToEndTests;

/// <summary>What a device does wrong, and what becomes of it behind a relay: it costs one request, and nobody gets another's reply.</summary>
public sealed class SimulatedMisbehaviourTests
{
    [Fact]
    public async Task ALateReplyIsATimeoutAndNeverCrosses()
    {
        await using var bench = await Bench.StartAsync("late");
        var (first, second) = bench.Clients;
        await AssertTwoRepliesAsync(first, second);

        var watch = Stopwatch.StartNew();
        Assert.StartsWith("ERROR timeout", await first.AskAsync("late"), StringComparison.Ordinal);
        Assert.Equal("4: NEXT", await second.AskAsync("next"));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(4), $"it took {watch.Elapsed}, as long as the late reply");
        Assert.Equal("5: AGAIN", await first.AskAsync("again"));
        Assert.Equal(2, bench.Device.Connections);
        await bench.AssertOtherUndisturbedAsync();
    }

    [Fact]
    public async Task ASecondReplyIsDiscardedAndCounted()
    {
        await using var bench = await Bench.StartAsync("twice");
        var (first, second) = bench.Clients;
        await AssertTwoRepliesAsync(first, second);

        Assert.Equal("3: TWICE", await first.AskAsync("twice"));
        Assert.Equal("4: NEXT", await second.AskAsync("next"));
        Assert.Equal("5: AGAIN", await first.AskAsync("again"));
        Assert.Equal("3: TWICE\n".Length, (await bench.Server.StatusAsync()).Resource.Link!.DiscardedBytes);
        Assert.Equal(1, bench.Device.Connections);
        await bench.AssertOtherUndisturbedAsync();
    }

    [Fact]
    public async Task NoReplyIsATimeout()
    {
        await using var bench = await Bench.StartAsync("silent");
        var (first, second) = bench.Clients;
        await AssertTwoRepliesAsync(first, second);

        Assert.StartsWith("ERROR timeout", await first.AskAsync("silence"), StringComparison.Ordinal);
        Assert.Equal("4: NEXT", await second.AskAsync("next"));
        await bench.AssertOtherUndisturbedAsync();
    }

    [Fact]
    public async Task HangingUpIsUnavailable()
    {
        await using var bench = await Bench.StartAsync("hang-up");
        var (first, second) = bench.Clients;
        await AssertTwoRepliesAsync(first, second);

        Assert.StartsWith("ERROR unavailable", await first.AskAsync("hang up"), StringComparison.Ordinal);
        await bench.Server.WaitForStatusAsync(status => status.Resource.Link is { State: "Up", Connects: 2 });
        Assert.Equal("4: NEXT", await second.AskAsync("next"));
        await bench.AssertOtherUndisturbedAsync();
    }

    [Fact]
    public async Task ModbusClientsAreToldByExceptions()
    {
        await using var device = await SimulatedDevice.StartAsync("modbus", "--misbehave", "twice,silent,hang-up");
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("ModbusTcp", Patient(device)));
        using var client = await server.ConnectAsync();

        List<byte> told = [];
        for (ushort i = 1; i <= 9; i++)
        {
            // Each register holds its address, so that any other reply would be seen.
            told.Add(await ModbusTestClient.AskAsync(client, transaction: i, function: 3, address: (ushort)(i * 7)));
            await server.WaitForStatusAsync(status => status.Resource.Link!.State == "Up");
        }

        // The last was a read and was asked a second time, on a fresh link.
        Assert.Equal([0, 0, 0, 0, 0, ModbusTestClient.TimedOut, 0, 0, 0], told);
        Assert.Equal(10, device.Requests.Count);
    }

    /// <summary>Waits long enough for the first reply of a process that has just started, and not as long as a late one takes.</summary>
    private static string Patient(SimulatedDevice device) => device.Link + """
        , "ReplyTimeout": "00:00:01.500", "ReconnectDelay": "00:00:00.020", "MaxReconnectDelay": "00:00:00.100"
        """;

    private static async Task AssertTwoRepliesAsync(TestClient first, TestClient second)
    {
        Assert.Equal("1: A", await first.AskAsync("a"));
        Assert.Equal("2: B", await second.AskAsync("b"));
    }

    /// <summary>Two resources with a simulated device each, of which one misbehaves, and two clients of that.</summary>
    private sealed class Bench(ServerProcess server, SimulatedDevice device, SimulatedDevice other, (TestClient First, TestClient Second) clients) : IAsyncDisposable
    {
        public ServerProcess Server => server;

        public SimulatedDevice Device => device;

        public (TestClient First, TestClient Second) Clients => clients;

        public static async Task<Bench> StartAsync(string misbehaviour)
        {
            var device = await SimulatedDevice.StartAsync("line", "--misbehave", misbehaviour);
            var other = await SimulatedDevice.StartAsync("line");
            var server = await ServerProcess.StartAsync($$"""
                "Listeners": { "Default": { "Port": 0 }, "Other": { "Port": 0 } },
                "Resources": {
                  "Default": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { {{Patient(device)}} } },
                  "Other": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { {{Patient(other)}} } } }
                """);
            return new(server, device, other, (await server.ConnectAsync(), await server.ConnectAsync()));
        }

        public async Task AssertOtherUndisturbedAsync()
        {
            using var client = await server.ConnectAsync("Other");
            for (var i = 1; i <= 6; i++) Assert.Equal($"{i}: X", await client.AskAsync("x"));
            Assert.Equal(1, other.Connections);
        }

        public async ValueTask DisposeAsync()
        {
            clients.First.Dispose();
            clients.Second.Dispose();
            await server.DisposeAsync();
            await other.DisposeAsync();
            await device.DisposeAsync();
        }
    }
}
