namespace SocketSync.EndToEndTests;

public sealed class AccessRecipeTests
{
    [Fact]
    public async Task EverybodyReadsAndOnlyTheControllerWrites()
    {
        Tool.Require("mbpoll");
        var devicePort = FreePort.Next();
        await using var device = await ModbusDevice.StartTcpAsync(devicePort);
        await using var server = await ServerProcess.StartFileAsync(
            Recipe.Of("Everybody reads, only the controller writes").Json,
            folder: null,
            "SocketSync:Listeners:Plant:Port=0",
            "SocketSync:Listeners:Controller:Port=0",
            "SocketSync:Resources:Plant:Link:Tcp:Host=127.0.0.1",
            $"SocketSync:Resources:Plant:Link:Tcp:Port={devicePort}");
        var status = await server.StatusAsync();
        var (plant, controller) = (status.Listeners["Plant"].Port, status.Listeners["Controller"].Port);

        await Mbpoll.WriteAsync(controller, unit: 1, reference: 1, 111, 222);
        await AssertDeniedAsync(plant, 7);
        await AssertDeniedAsync(plant, 7, 8);

        Assert.Equal("[1]: 111 [2]: 222", await Mbpoll.ReadAsync(plant, unit: 1, reference: 1, count: 2));
        Assert.Equal("[1]: 111 [2]: 222", await Mbpoll.ReadAsync(controller, unit: 1, reference: 1, count: 2));
        // The function stands behind the header of seven bytes.
        Assert.Equal(["10", "03", "03"], device.Requests.Select(request => request.Replace(" ", "", StringComparison.Ordinal)[14..16]), StringComparer.Ordinal);
        await server.WaitForMetricAsync(2, "socketsync_requests_total", "listener=\"Plant\"", "outcome=\"denied\"");
    }

    private static async Task AssertDeniedAsync(int port, params int[] values)
    {
        await using var client = Mbpoll.Start(port, unit: 1, ["-r", "1", "127.0.0.1", .. values.Select(value => $"{value}")]);
        Assert.True(await client.ExitAsync(TimeSpan.FromSeconds(20)) != 0, client.Log);
        Assert.Contains("Illegal function", client.Log, StringComparison.Ordinal);
    }
}
