namespace SocketSync.EndToEndTests;

public sealed class LinkMetricTests
{
    [Fact]
    public async Task TellWhetherTheLinkIsUp()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await RelaySettings.StartAsync(device, "ModbusTcp");
        await server.WaitForMetricAsync(1, "socketsync_link_up", "resource=\"Default\"");
        device.GoAway();
        await server.WaitForMetricAsync(0, "socketsync_link_up", "resource=\"Default\"");
        Assert.Contains("# TYPE socketsync_link_up gauge", await server.MetricsAsync(), StringComparison.Ordinal);
        device.Listen();
        await server.WaitForMetricAsync(1, "socketsync_link_up", "resource=\"Default\"");
    }
}
