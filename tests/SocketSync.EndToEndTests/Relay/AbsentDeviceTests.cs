using System.Diagnostics;
using System.Net;

namespace SocketSync.EndToEndTests;

/// <summary>A device that is away, closes, or wants pauses.</summary>
public sealed class AbsentDeviceTests
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task IsToldAtOnceAndComesBackByItself()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await RelaySettings.StartAsync(device, "ModbusTcp");
        using var client = await server.ConnectAsync();
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 1, 3, 1));

        device.GoAway();
        await server.WaitForStatusAsync(s => s.Resource is { State: "Unavailable", Link: { State: "Down", LastError: not null } });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await server.ReadinessAsync());
        var body = await ReadinessBodyAsync(server);
        Assert.Contains($"tcp 127.0.0.1:{device.Port}", body, StringComparison.Ordinal);
        Assert.Contains("connection refused", body, StringComparison.Ordinal);
        var watch = Stopwatch.StartNew();
        for (ushort i = 0; i < 50; i++) Assert.Equal(ModbusTestClient.Unavailable, await ModbusTestClient.AskAsync(client, i, 6, i));
        Assert.True(watch.Elapsed < AtOnce, $"50 refusals took {watch.Elapsed}");

        device.Listen();
        await server.WaitForReadinessAsync(HttpStatusCode.OK); // Nobody asks meanwhile.
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 2, 6, 2));
        device.AssertServed("3 1", "6 2");
        await server.WaitForStatusAsync(s => s.Resource is { State: "Idle", Refused: 50, Completed: 2, Link: { State: "Up", Connects: 2 } });
        device.AssertOneAtATime();
    }

    [Fact]
    public async Task CostsNobodyAWaitWhileAnAttemptIsRunning()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of(
            "ModbusTcp", $$"""{{device.Tcp}}, "ConnectTimeout": "00:00:03", "MaxReconnectDelay": "00:00:00.100" """));
        using var client = await server.ConnectAsync();
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 1, 3, 1));
        device.StopListening();
        using (await BlackHole.OpenAsync(device.Port))
        {
            device.EndConnections(reset: true);
            await server.WaitForStatusAsync(s => s.Resource.Link?.LastError?.Contains("ConnectTimeout", StringComparison.Ordinal) == true);
            // Attempts run nearly all the time now, and each takes 3 s.
            var watch = Stopwatch.StartNew();
            for (ushort i = 0; watch.Elapsed < TimeSpan.FromMilliseconds(1500); i++)
            {
                var asked = Stopwatch.StartNew();
                Assert.Equal(ModbusTestClient.Unavailable, await ModbusTestClient.AskAsync(client, i, 3, i));
                Assert.True(asked.Elapsed < AtOnce, $"refusal {i} took {asked.Elapsed}");
            }
        }

        device.Listen();
        await server.WaitForReadinessAsync(HttpStatusCode.OK);
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 2, 3, 2));
        device.AssertOneAtATime();
    }

    [Fact]
    public async Task DoesNotHaveToBeThereAtTheStart()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        device.StopListening();
        await using var server = await ServerProcess.StartUnreadyAsync(RelaySettings.Of("ModbusTcp", RelaySettings.Quick(device)));
        using var client = await server.ConnectAsync();
        Assert.Equal(ModbusTestClient.Unavailable, await ModbusTestClient.AskAsync(client, 1, 3, 1));
        device.Listen();
        await server.WaitForReadinessAsync(HttpStatusCode.OK);
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 2, 3, 2));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task MayCloseTheLinkBetweenRequests(bool reset)
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await RelaySettings.StartAsync(device, "ModbusTcp");
        using var client = await server.ConnectAsync();
        for (ushort i = 0; i < 50; i++)
        {
            // A write, which nothing but the reopening before it can save.
            Assert.Equal(0, await ModbusTestClient.AskAsync(client, i, 6, i));
            device.EndConnections(reset);
        }

        Assert.Equal(50, device.Services.Count);
        Assert.Equal(Enumerable.Range(1, 50), device.Services.Select(s => s.Connection.Number));
        device.AssertOneAtATime();
    }

    [Fact]
    public async Task GetsThePausesThatItWants()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        var link = $$"""{{device.Tcp}}, "ConnectDelay": "00:00:00.300", "RequestInterval": "00:00:00.100" """; // and time enough to reply
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of("ModbusTcp", link));
        using var client = await server.ConnectAsync();
        for (ushort i = 0; i < 5; i++) Assert.Equal(0, await ModbusTestClient.AskAsync(client, i, 3, i));
        device.EndConnections(reset: false);
        for (ushort i = 5; i < 10; i++) Assert.Equal(0, await ModbusTestClient.AskAsync(client, i, 3, i));

        var services = device.Services;
        Assert.Equal(10, services.Count);
        foreach (var first in services.DistinctBy(s => s.Connection))
            AssertPause(first.Connection.OpenedAt, first.BegunAt, TimeSpan.FromMilliseconds(300));
        foreach (var (before, after) in services.Zip(services.Skip(1)))
            AssertPause(before.EndedAt, after.BegunAt, TimeSpan.FromMilliseconds(100));
    }

    [Fact]
    public async Task IsLeftAloneWhenNobodyHasUsedItForIdleTimeout()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await RelaySettings.StartAsync(device, "ModbusTcp", """ "IdleTimeout": "00:00:00.300" """);
        using var client = await server.ConnectAsync();
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 1, 3, 1));
        await server.WaitForStatusAsync(s => s.Resource.Link!.State == "Idle");
        await Poll.UntilAsync(() => !device.Connections[^1].IsOpen, "the device still has its connection");
        Assert.Equal(HttpStatusCode.OK, await server.ReadinessAsync());
        var connections = device.Connections.Count;
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 2, 6, 2));
        Assert.Equal(connections + 1, device.Connections.Count);
        device.AssertOneAtATime();
    }

    private static void AssertPause(long from, long to, TimeSpan least)
    {
        // The device notes an accepted connection, and the end of a service, a little later or sooner than it happens.
        var pause = Stopwatch.GetElapsedTime(from, to);
        Assert.True(pause > least * 0.9, $"{pause}, not {least}");
    }

    private static async Task<string> ReadinessBodyAsync(ServerProcess server)
    {
        using var answer = await server.Http.GetAsync(new Uri("/health/ready", UriKind.Relative), TestContext.Current.CancellationToken);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }
}
