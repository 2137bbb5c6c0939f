using System.Diagnostics;

namespace SocketSync.EndToEndTests;

public sealed class ModbusRtuRecipeTests
{
    private const string Name = "A Modbus RTU bus behind Modbus TCP";

    [Fact]
    public async Task TcpClientsReachTheUnitsOfTheLine()
    {
        Tool.Require("mbpoll");
        await using var line = await SerialPair.OpenAsync();
        await using var device = await ModbusDevice.StartRtuAsync(line.FarPath, unit: 1);
        await using var server = await Recipe.Of(Name).StartAsync("Bus", $"Serial:Device={line.Near}");
        var port = (await server.StatusAsync()).Listeners["Bus"].Port;

        await Task.WhenAll(Mbpoll.WriteAsync(port, unit: 1, reference: 1, 11, 12), Mbpoll.WriteAsync(port, unit: 101, reference: 3, 13, 14));

        Assert.Equal("[1]: 11 [2]: 12 [3]: 13 [4]: 14", await Mbpoll.ReadAsync(port, unit: 101, reference: 1, count: 4));
        Assert.All(device.Requests, request => Assert.StartsWith("01", request, StringComparison.Ordinal));
    }

    [Fact]
    public async Task TwoBusesAreReachedThroughOnePort()
    {
        Tool.Require("mbpoll");
        await using var lineA = await SerialPair.OpenAsync();
        await using var lineB = await SerialPair.OpenAsync();
        await using var deviceA = await ModbusDevice.StartRtuAsync(lineA.FarPath, unit: 1);
        await using var deviceB = await ModbusDevice.StartRtuAsync(lineB.FarPath, unit: 20);
        await using var server = await ServerProcess.StartFileAsync(
            Recipe.Of("Two buses behind one port").Json, folder: null, "SocketSync:Listeners:Plant:Port=0",
            $"SocketSync:Resources:BusA:Link:Serial:Device={lineA.Near}", $"SocketSync:Resources:BusB:Link:Serial:Device={lineB.Near}");
        var port = (await server.StatusAsync()).Listeners["Plant"].Port;

        await Task.WhenAll(Mbpoll.WriteAsync(port, unit: 1, reference: 1, 11), Mbpoll.WriteAsync(port, unit: 20, reference: 1, 22));

        Assert.Equal("[1]: 11", await Mbpoll.ReadAsync(port, unit: 1, reference: 1));
        Assert.Equal("[1]: 22", await Mbpoll.ReadAsync(port, unit: 20, reference: 1));
        await using var stranger = Mbpoll.Start(port, unit: 10, "-1", "127.0.0.1");
        await stranger.ExitAsync(TimeSpan.FromSeconds(10));
        Assert.Contains("Gateway path unavailable", stranger.Log, StringComparison.OrdinalIgnoreCase);
        Assert.All(deviceA.Requests, request => Assert.StartsWith("01", request, StringComparison.Ordinal));
        Assert.All(deviceB.Requests, request => Assert.StartsWith("14", request, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ABroadcastIsNotAnswered()
    {
        Tool.Require("mbpoll");
        await using var line = await SerialPair.OpenAsync();
        await using var device = await ModbusDevice.StartRtuAsync(line.FarPath, unit: 1);
        await using var server = await Recipe.Of(Name).StartAsync("Bus", $"Serial:Device={line.Near}");
        var port = (await server.StatusAsync()).Listeners["Bus"].Port;

        await using var broadcast = Mbpoll.Start(port, unit: 0, "-r", "5", "-o", "0.5", "127.0.0.1", "55");
        Assert.NotEqual(0, await broadcast.ExitAsync(TimeSpan.FromSeconds(10)));

        Assert.Contains("timed out", broadcast.Log, StringComparison.OrdinalIgnoreCase);
        Assert.Equal("[5]: 55", await Mbpoll.ReadAsync(port, unit: 1, reference: 5));
        Assert.StartsWith("00", device.Requests[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task AUnitThatIsNotThereIsToldAsAGatewayTells()
    {
        Tool.Require("mbpoll");
        await using var line = await SerialPair.OpenAsync();
        await using var device = await ModbusDevice.StartRtuAsync(line.FarPath, unit: 1);
        await using var server = await Recipe.Of(Name).StartAsync("Bus", $"Serial:Device={line.Near}");
        var port = (await server.StatusAsync()).Listeners["Bus"].Port;

        var watch = Stopwatch.StartNew();
        await using var client = Mbpoll.Start(port, unit: 9, "-1", "127.0.0.1");
        await client.ExitAsync(TimeSpan.FromSeconds(10));

        Assert.Contains("Target device failed to respond", client.Log, StringComparison.Ordinal);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(4), $"it took {watch.Elapsed}");
        Assert.Equal("[1]: 0", await Mbpoll.ReadAsync(port, unit: 1, reference: 1));
    }
}
