namespace SocketSync.EndToEndTests;

public sealed class ModbusTcpRecipeTests
{
    [Fact]
    public async Task TwoClientsReadAndWrite()
    {
        Tool.Require("mbpoll");
        var devicePort = FreePort.Next();
        await using var device = await ModbusDevice.StartTcpAsync(devicePort);
        await using var server = await Recipe.Of("A Modbus TCP inverter, many clients")
            .StartAsync("Inverter", "Tcp:Host=127.0.0.1", $"Tcp:Port={devicePort}");
        var port = (await server.StatusAsync()).Listeners["Inverter"].Port;

        await Mbpoll.WriteAsync(port, unit: 1, reference: 1, 111, 222);
        Assert.Equal("[1]: 111 [2]: 222", await Mbpoll.ReadAsync(port, unit: 1, reference: 1, count: 2));

        await using var one = Mbpoll.Poll(port, unit: 1, reference: 1);
        await using var two = Mbpoll.Poll(port, unit: 1, reference: 2);
        await Poll.UntilAsync(() => Mbpoll.Values(one).Count >= 20 && Mbpoll.Values(two).Count >= 20, $"both have read: {one.Log}\n{two.Log}");
        Assert.All(Mbpoll.Values(one), value => Assert.Equal("[1]: 111", value));
        Assert.All(Mbpoll.Values(two), value => Assert.Equal("[2]: 222", value));
        Assert.Equal(1, device.Connections);
    }
}
