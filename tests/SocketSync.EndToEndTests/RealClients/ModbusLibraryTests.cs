namespace SocketSync.EndToEndTests;

/// <summary>
/// Clients and devices of other people's Modbus libraries, several at once: each client has registers of its own in one device, and
/// fails at the first reply that is another's. Beside it a second resource, whose device holds other values.
/// </summary>
public sealed class ModbusLibraryTests(RealPrograms programs) : IClassFixture<RealPrograms>
{
    private const int Clients = 4;
    private const int Rounds = 50;
    private const int RegistersOfOne = 10;

    public static TheoryData<string> Libraries => [RealPrograms.Libmodbus, RealPrograms.Pymodbus, RealPrograms.ModbusSerial];

    [Theory]
    [MemberData(nameof(Libraries))]
    public Task ClientsOfALibraryShareADevice(string client) =>
        AssertEachHasItsOwnAsync(RealPrograms.Libmodbus, [.. Enumerable.Repeat(client, Clients)]);

    [Theory]
    [MemberData(nameof(Libraries))]
    public Task ADeviceOfALibraryIsShared(string device) =>
        AssertEachHasItsOwnAsync(device, [.. Enumerable.Repeat(RealPrograms.Libmodbus, Clients)]);

    [Fact]
    public Task ClientsOfAllLibrariesShareADevice() => AssertEachHasItsOwnAsync(
        RealPrograms.Libmodbus, [RealPrograms.Libmodbus, RealPrograms.Pymodbus, RealPrograms.ModbusSerial, RealPrograms.Pymodbus, RealPrograms.ModbusSerial, RealPrograms.Libmodbus]);

    private async Task AssertEachHasItsOwnAsync(string deviceOf, string[] clientsOf)
    {
        var devicePort = FreePort.Next();
        await using var device = await programs.StartDeviceAsync(deviceOf, devicePort);
        await using var second = await SimulatedDevice.StartAsync("modbus");
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Port": 0 }, "Second": { "Port": 0 } },
            "Resources": {
              "Default": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Link": { "Tcp": { "Host": "127.0.0.1", "Port": {{devicePort}} } } },
              "Second": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Link": { {{second.Link}} } } }
            """);
        var port = (await server.StatusAsync()).Listener.Port;

        var working = Task.WhenAll(clientsOf.Select((library, i) => AssertDoneAsync(library, port, first: i * RegistersOfOne)));
        await AskSecondAsync(server, working);
        await working;
        var status = await server.StatusAsync();
        Assert.Equal((clientsOf.Length * Rounds * 2, 0, 0), (status.Resource.Completed, status.Resource.Refused, status.Resource.Failed));
        Assert.Equal(1, status.Resource.Link!.Connects);
    }

    private async Task AssertDoneAsync(string library, int port, int first)
    {
        await using var client = await programs.StartClientAsync(library, port, unit: 1, first, Rounds);
        Assert.True(await client.ExitAsync(TimeSpan.FromSeconds(30)) == 0, $"{library}: {client.Log}");
        Assert.Equal([$"done {Rounds}"], client.Output);
    }

    // Its registers hold their addresses; those of the first device never hold so much.
    private static async Task AskSecondAsync(ServerProcess server, Task working)
    {
        using var client = await server.ConnectAsync("Second");
        for (ushort i = 1; i < 20 || !working.IsCompleted; i++)
            Assert.Equal(0, await ModbusTestClient.AskAsync(client, transaction: i, function: 3, address: (ushort)(9000 + (i % 1000))));
    }
}
