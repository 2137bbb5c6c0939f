using System.Diagnostics;

namespace SocketSync.EndToEndTests;

/// <summary>A console behind a tunnel: one user at a time, and both may speak whenever they like.</summary>
public sealed class TunnelTests
{
    [Fact]
    public async Task PassesBothWaysForOneClientAtATime()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device);
        var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();
        Assert.Equal("=login", await first.AskAsync("login"));
        await second.SendAsync("mine\n");
        await server.WaitForStatusAsync(s => s.Resource is { QueueLength: 1, Turn: not null });
        await device.SendAsync("unasked\n"u8.ToArray());
        Assert.Equal("unasked", await first.ReadLineAsync());
        for (var i = 0; i < 20; i++) Assert.Equal($"={i}", await first.AskAsync($"{i}"));
        Assert.Equal(1, (await server.StatusAsync()).Resource.QueueLength);

        first.Dispose();
        Assert.Equal("=mine", await second.ReadLineAsync());
        // The next user finds a console that nobody has used.
        Assert.Equal([1, 2], device.Services.Select(s => s.Connection.Number).Distinct());
        device.AssertOneAtATime();
    }

    [Fact]
    public async Task PassesTheEndOfTheClientsStreamOnAndTheLastWordsBack()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        device.AtEnd = async connection =>
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100));
            await connection.SendRawAsync("last words\n"u8.ToArray());
        };
        await using var server = await StartAsync(device);
        for (var i = 0; i < 3; i++)
        {
            // In line behind a turn that is still ending, a tunnel's client that ends its stream would leave.
            await server.WaitForStatusAsync(s => s.Resource.Turn is null);
            using var client = await server.ConnectAsync();
            await client.SendAsync("one\ntwo\n");
            client.HalfClose();
            Assert.Equal("=one\n=two\nlast words\n", await client.ReadToEndAsync());
        }

        device.AssertOneAtATime();
    }

    [Fact]
    public async Task ADeviceThatDoesNotFinishHasReplyTimeout()
    {
        var never = new TaskCompletionSource();
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true, AtEnd = _ => never.Task };
        await using var server = await StartAsync(device, link: """, "ReplyTimeout": "00:00:00.500" """);
        using var client = await server.ConnectAsync();
        using var next = await server.ConnectAsync();
        Assert.Equal("=one", await client.AskAsync("one"));
        var watch = Stopwatch.StartNew();
        client.HalfClose();
        await next.SendAsync("two\n");
        Assert.Equal("", await client.WaitForCloseAsync());
        Assert.Equal("=two", await next.ReadLineAsync());
        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(0.4), TimeSpan.FromSeconds(5));
        never.SetResult();
    }

    [Fact]
    public async Task ADeviceThatHangsUpClosesItsClient()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        device.Script = async service =>
        {
            await service.AnswerAsync();
            if (service.Key == "bye") service.HangUp();
        };
        await using var server = await StartAsync(device);
        using var client = await server.ConnectAsync();
        using var next = await server.ConnectAsync();
        Assert.Equal("=one", await client.AskAsync("one"));
        await client.SendAsync("bye\n");
        Assert.Equal("=bye\n", await client.ReadToEndAsync());
        Assert.Equal("=two", await next.AskAsync("two"));
    }

    [Fact]
    public async Task IsEndedByMaxHoldAndNotByTurnTimeout()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device, gate: """ "TurnTimeout": "00:00:00.200", "MaxHold": "00:00:01.500" """);
        using var client = await server.ConnectAsync();
        using var next = await server.ConnectAsync();
        Assert.Equal("=one", await client.AskAsync("one"));
        await next.SendAsync("mine\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is { HeldSeconds: > 0.7 });
        Assert.Equal("=two", await client.AskAsync("two"));
        Assert.Equal("", await client.WaitForCloseAsync());
        Assert.Equal("=mine", await next.ReadLineAsync());
        device.AssertOneAtATime();
    }

    [Fact]
    public async Task AResetOfTheClientFreesTheDevice()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device);
        for (var i = 0; i < 10; i++)
        {
            using var client = await server.ConnectAsync();
            Assert.Equal("=one", await client.AskAsync("one"));
            client.Reset();
        }

        device.AssertOneAtATime();
    }

    [Fact]
    public async Task AnAbsentDeviceClosesTheClientAtOnce()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device);
        device.GoAway();
        await server.WaitForStatusAsync(s => s.Resource.Link!.State == "Down");
        using var client = await server.ConnectAsync();
        var watch = Stopwatch.StartNew();
        await client.SendAsync("one\n");
        Assert.Equal("", await client.WaitForCloseAsync());
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"it took {watch.Elapsed}");
        Assert.Equal(1, (await server.WaitForStatusAsync(s => s.Resource.Refused > 0)).Resource.Refused);
    }

    [Fact]
    public async Task MegabytesPassEachWay()
    {
        var line = new string('x', 60_000);
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device);
        using var client = await server.ConnectAsync();
        var sending = Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++) await client.SendAsync($"{i}{line}\n");
        }, TestContext.Current.CancellationToken);
        for (var i = 0; i < 50; i++) Assert.Equal($"={i}{line}", await client.ReadLineAsync());
        await sending;
    }

    private static Task<ServerProcess> StartAsync(ScriptedDevice device, string link = "", string gate = "") =>
        ServerProcess.StartAsync(RelaySettings.Of("Raw", device.Tcp + link, gate, processor: "Tunnel"));
}
