using System.Net;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>Reads that are answered by an earlier reply of the device. Beside the resource is a second one, with a device of its own.</summary>
public sealed class CacheTests
{
    private const string ForLong = """ "MaxAge": "01:00:00" """;
    private const int Clients = 50;

    private static readonly byte[] RtuWrite = ModbusRtuDialect.Frame([1, 6, 0, 7, 0, 1]);

    [Fact]
    public async Task EqualReadsAreAnsweredByOneReplyAndNeverAcrossResources()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        await using var second = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync(Two(device, second, ForLong));
        using var one = await server.ConnectAsync();
        using var other = await server.ConnectAsync();
        using var beside = await server.ConnectAsync("Second");

        Assert.Equal(0, await ModbusTestClient.AskAsync(one, 1, 3, 7));
        Assert.Equal(0, await ModbusTestClient.AskAsync(other, 2, 3, 7));
        Assert.Equal(0, await ModbusTestClient.AskAsync(one, 3, 3, 8));
        Assert.Equal(0, await ModbusTestClient.AskAsync(one, 4, 3, 7));
        Assert.Equal(0, await ModbusTestClient.AskAsync(beside, 5, 3, 7));

        device.AssertServed("3 7", "3 8");
        second.AssertServed("3 7");
        var status = await server.StatusAsync();
        Assert.Equal((2, 2), (status.Resource.Cached, status.Resource.Completed));
        Assert.Equal((0, 1), (status.Resources["Second"].Cached, status.Resources["Second"].Completed));
        await server.WaitForMetricAsync(2, "socketsync_requests_total", "outcome=\"cached\"", "resource=\"Default\"");
    }

    [Fact]
    public async Task SendersOfDatagramsShareTheReplyOfADeviceThatIsAskedByUdp()
    {
        await using var device = new DatagramDevice(new ModbusTcpDialect());
        await using var second = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Port": 0 }, "Udp": { "Port": 0, "Transport": "Datagram", "Resource": "Default" }, "Second": { "Port": 0 } },
            "Resources": {
              "Default": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Cache": { {{ForLong}} }, "Link": { {{device.Udp}} } },
              "Second": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Link": { {{second.Tcp}} } } }
            """);
        using var stream = await server.ConnectAsync();
        using var beside = await server.ConnectAsync("Second");
        using var datagrams = DatagramClient.OfUdp((await server.StatusAsync()).Listeners["Udp"].Port);

        datagrams.Send(ModbusTestClient.Request(1, 3, 7));
        Assert.StartsWith("\0\u0001", await datagrams.ReceiveAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await ModbusTestClient.AskAsync(stream, 2, 3, 7));
        datagrams.Send(ModbusTestClient.Request(3, 3, 7));
        Assert.StartsWith("\0\u0003", await datagrams.ReceiveAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await ModbusTestClient.AskAsync(beside, 4, 3, 7));

        Assert.Single(device.Asked);
        Assert.Equal(2, (await server.StatusAsync()).Resource.Cached);
    }

    [Fact]
    public async Task AllWhoWaitForTheSameShareOneReply()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var device = new ScriptedDevice(new ModbusTcpDialect(), async service =>
        {
            await go.Task;
            await service.AnswerAsync();
        });
        await using var second = new ScriptedDevice(new ModbusTcpDialect());
        // Too short for any of them to be answered at once.
        await using var server = await ServerProcess.StartAsync(Two(device, second, """ "MaxAge": "00:00:00.001" """));
        var clients = await Task.WhenAll(Enumerable.Range(0, Clients).Select(_ => server.ConnectAsync()));
        using var another = await server.ConnectAsync();
        using var beside = await server.ConnectAsync("Second");

        await clients[0].SendAsync(ModbusTestClient.Request(1000, 3, 7));
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await another.SendAsync(ModbusTestClient.Request(1, 3, 8));
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
        for (var i = 1; i < Clients; i++) await clients[i].SendAsync(ModbusTestClient.Request((ushort)(1000 + i), 3, 7));
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == Clients);
        Assert.Equal(0, await ModbusTestClient.AskAsync(beside, 1, 3, 7));
        go.SetResult();

        for (var i = 0; i < Clients; i++) Assert.Equal(0, await ModbusTestClient.ReadReplyAsync(clients[i], (ushort)(1000 + i), 3, 7));
        Assert.Equal(0, await ModbusTestClient.ReadReplyAsync(another, 1, 3, 8));
        device.AssertServed("3 7", "3 8");
        Assert.Equal(Clients - 1, (await server.StatusAsync()).Resource.Cached);
        foreach (var client in clients) client.Dispose();
    }

    [Fact]
    public async Task WhoeverAsksAfterAWriteGetsNothingFromBeforeIt()
    {
        var written = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var device = new ScriptedDevice(new ModbusTcpDialect(), async service =>
        {
            if (service.Key == "6 7") await written.Task;
            await service.AnswerAsync();
        });
        await using var second = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync(Two(device, second, ForLong));
        using var reader = await server.ConnectAsync();
        using var writer = await server.ConnectAsync("Rtu"); // in another framing
        using var beside = await server.ConnectAsync("Second");
        Assert.Equal(0, await ModbusTestClient.AskAsync(reader, 1, 3, 7));
        Assert.Equal(0, await ModbusTestClient.AskAsync(beside, 1, 3, 7));

        await writer.SendAsync(RtuWrite);
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await reader.SendAsync(ModbusTestClient.Request(2, 3, 7));
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
        Assert.Equal(0, await ModbusTestClient.AskAsync(beside, 2, 3, 7));
        written.SetResult();
        Assert.Equal(Encoding.Latin1.GetString(RtuWrite), await writer.ReadAsync(RtuWrite.Length));
        Assert.Equal(0, await ModbusTestClient.ReadReplyAsync(reader, 2, 3, 7));
        Assert.Equal(0, await ModbusTestClient.AskAsync(reader, 3, 3, 7));

        device.AssertServed("3 7", "6 7", "3 7");
        second.AssertServed("3 7");
    }

    [Fact]
    public async Task AnExceptionIsNotKept()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect(), service =>
            service.SendAsync(ModbusTcpDialect.Frame(service.Request.AsSpan(0, 2), 1, [0x83, ModbusTestClient.Failed])));
        await using var second = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync(Two(device, second, ForLong));
        using var client = await server.ConnectAsync();

        for (ushort i = 0; i < 3; i++) Assert.Equal(ModbusTestClient.Failed, await ModbusTestClient.AskAsync(client, i, 3, 7));
        device.Script = service => service.AnswerAsync();
        for (ushort i = 0; i < 3; i++) Assert.Equal(0, await ModbusTestClient.AskAsync(client, i, 3, 7));

        device.AssertServed("3 7", "3 7", "3 7", "3 7");
    }

    [Fact]
    public async Task AReplyStandsInWhileTheDeviceIsAway()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        await using var second = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync(Two(device, second, """ "MaxAge": "00:00:00.001", "StaleFor": "01:00:00" """, "00:00:01"));
        using var client = await server.ConnectAsync();
        using var beside = await server.ConnectAsync("Second");
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 1, 3, 7));

        device.GoAway();
        await server.WaitForStatusAsync(s => s.Resource.Link!.State == "Down");
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 2, 3, 7));
        Assert.Equal(ModbusTestClient.Unavailable, await ModbusTestClient.AskAsync(client, 3, 3, 8));
        Assert.Equal(ModbusTestClient.Unavailable, await ModbusTestClient.AskAsync(client, 4, 6, 7)); // never written, it throws nothing away
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 5, 3, 7));
        Assert.Equal(0, await ModbusTestClient.AskAsync(beside, 6, 3, 7));
        var away = await server.StatusAsync();
        Assert.Equal((2, 1), (away.Resource.Cached, away.Resource.Completed));
        Assert.Equal("Up", away.Resources["Second"].Link!.State);

        device.Listen();
        await server.WaitForStatusAsync(s => s.Resource.Link!.State == "Up");
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 7, 3, 7));
        device.AssertServed("3 7", "3 7");

        // One that is there and silent is no device that is away.
        device.Script = _ => Task.CompletedTask;
        await Task.Delay(10, TestContext.Current.CancellationToken); // until the last reply is older than MaxAge
        Assert.Equal(ModbusTestClient.TimedOut, await ModbusTestClient.AskAsync(client, 8, 3, 7));
    }

    [Fact]
    public async Task ItIsTurnedOnAndOffWhileTheServerRuns()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        await using var second = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync(Two(device, second, ""));
        using var client = await server.ConnectAsync();
        using var beside = await server.ConnectAsync("Second");
        for (ushort i = 0; i < 3; i++) Assert.Equal(0, await ModbusTestClient.AskAsync(client, i, 3, 7));
        device.AssertServed("3 7", "3 7", "3 7");

        server.ChangeFile(Two(device, second, ForLong));
        await UntilAsync(askAgain: false);
        server.ChangeFile(Two(device, second, """ "StaleFor": "01:00:00" """));
        await server.WaitForLogAsync("SocketSync:Resources:Default:Cache:StaleFor");
        await UntilAsync(askAgain: false);
        server.ChangeFile(Two(device, second, ""));
        await UntilAsync(askAgain: true);
        Assert.Equal(0, await ModbusTestClient.AskAsync(beside, 1, 3, 7));

        Task UntilAsync(bool askAgain) => Poll.UntilAsync(
            async () =>
            {
                var asked = device.Services.Count;
                Assert.Equal(0, await ModbusTestClient.AskAsync(client, 1, 3, 7));
                return device.Services.Count > asked == askAgain;
            },
            () => askAgain ? "the device is asked again" : "the device is not asked again");
    }

    [Fact]
    public async Task WhileItsResourceIsPausedWhatIsKeptIsGiven()
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        await using var second = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync(Operator.Setting + Two(device, second, ForLong));
        using var client = await server.ConnectAsync();
        using var other = await server.ConnectAsync();
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 1, 3, 7));
        var steering = new Operator(server);
        Assert.Equal(HttpStatusCode.NoContent, await steering.PauseAsync());

        await other.SendAsync(ModbusTestClient.Request(1, 3, 8));
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
        Assert.Equal(0, await ModbusTestClient.AskAsync(client, 2, 3, 7));
        device.AssertServed("3 7");
        Assert.Equal(HttpStatusCode.NoContent, await steering.ResumeAsync());
        Assert.Equal(0, await ModbusTestClient.ReadReplyAsync(other, 1, 3, 8));
    }

    /// <summary>Two resources, each with a device and a cache of its own.</summary>
    private static string Two(ScriptedDevice device, ScriptedDevice second, string cache, string replyTimeout = "00:00:08") => $$"""
        "Listeners": { "Default": { "Port": 0 }, "Rtu": { "Port": 0, "Resource": "Default", "Protocol": { "Name": "ModbusRtu" } }, "Second": { "Port": 0 } },
        "Resources": {
          "Default": {
            "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Cache": { {{cache}} },
            "Link": { {{device.Tcp}}, "ReplyTimeout": "{{replyTimeout}}", "ReconnectDelay": "00:00:00.020", "MaxReconnectDelay": "00:00:00.100" } },
          "Second": {
            "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Cache": { {{ForLong}} }, "Link": { {{second.Tcp}} } } }
        """;
}
