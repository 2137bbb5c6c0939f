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
        await server.WaitForMetricAsync(1, "socketsync_resource_state", "resource=\"Default\"", "state=\"Unavailable\"");
        await server.WaitForMetricAsync(1, "socketsync_resource_state", "resource=\"Default\""); // one state at a time
        Assert.Contains("# TYPE socketsync_link_up gauge", await server.MetricsAsync(), StringComparison.Ordinal);
        device.Listen();
        await server.WaitForMetricAsync(1, "socketsync_link_up", "resource=\"Default\"");
        await server.WaitForMetricAsync(1, "socketsync_resource_state", "resource=\"Default\"", "state=\"Idle\"");
    }

    [Theory]
    [InlineData(null, "socketsync")]
    [InlineData("gateway-7", "gateway-7")]
    public async Task NameTheService(string? given, string expected)
    {
        Dictionary<string, string> environment = new(StringComparer.Ordinal);
        if (given is not null) environment["OTEL_SERVICE_NAME"] = given;
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines, environment: environment);
        await server.WaitForMetricAsync(1, "target_info", $"service_name=\"{expected}\"");
        await server.WaitForMetricAsync(1, "socketsync_build_info");
    }
}
