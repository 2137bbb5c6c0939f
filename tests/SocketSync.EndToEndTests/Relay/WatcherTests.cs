using System.Diagnostics;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>Watchers: they see what a device says to whoever has the turn, and what it says by itself, and can say nothing.</summary>
public sealed class WatcherTests
{
    [Theory]
    [InlineData("Relay", "Line")]
    [InlineData("Relay", "Raw")]
    [InlineData("Tunnel", "Raw")]
    public async Task SeveralSeeWhatTheDeviceSaysToWhoeverAsks(string processor, string protocol)
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device.Tcp, processor, protocol);
        using var first = await WatchAsync(server);
        using var second = await WatchAsync(server);
        using (var client = await server.ConnectAsync())
        {
            Assert.Equal("=one", await client.AskAsync("one"));
            Assert.Equal("=two", await client.AskAsync("two"));
        }

        await server.WaitForStatusAsync(s => s.Resource.Turn is null);
        using var next = await server.ConnectAsync();
        Assert.Equal("=three", await next.AskAsync("three"));
        foreach (var watcher in new[] { first, second })
        {
            Assert.Equal("=one", await watcher.ReadLineAsync());
            Assert.Equal("=two", await watcher.ReadLineAsync());
            Assert.Equal("=three", await watcher.ReadLineAsync());
        }

        device.AssertOneAtATime();
    }

    /// <summary>A meter that talks by itself needs no client; what it says is not the next client's either.</summary>
    [Theory]
    [InlineData("Relay", "Line")]
    [InlineData("Tunnel", "Raw")]
    public async Task SeeWhatNobodyHasAskedFor(string processor, string protocol)
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device.Tcp, processor, protocol);
        await server.WaitForStatusAsync(s => s.Resource.Link!.State == "Up");
        using var watcher = await WatchAsync(server);
        for (var i = 0; i < 5; i++)
        {
            await SayAsync(device, $"{i} kWh\n");
            Assert.Equal($"{i} kWh", await watcher.ReadLineAsync());
        }

        using var client = await server.ConnectAsync();
        Assert.Equal("=one", await client.AskAsync("one"));
        Assert.Equal("=one", await watcher.ReadLineAsync());
    }

    [Fact]
    public async Task SeeAMeterOnASerialLine()
    {
        await using var line = await SerialPair.OpenAsync();
        await using var server = await StartAsync($$""" "Serial": { "Device": "{{line.Near}}" }, "ReplyTimeout": "00:00:00.200" """, "Tunnel", "Raw");
        using var watcher = await WatchAsync(server);
        await line.WriteAsync("1-0:1.8.0(42)\r\n"u8.ToArray());
        Assert.Equal("1-0:1.8.0(42)\r", await watcher.ReadLineAsync());
        using var client = await server.ConnectAsync();
        await client.SendAsync("?");
        Assert.Equal("?"u8.ToArray(), await line.ReadAsync(1));
        await line.WriteAsync("here\n"u8.ToArray());
        Assert.Equal("here", await client.ReadLineAsync());
        Assert.Equal("here", await watcher.ReadLineAsync());
    }

    [Fact]
    public async Task SeeWhatADatagramDeviceSays()
    {
        await using var device = new DatagramDevice(new LineDialect());
        await using var server = await StartAsync(device.Udp, "Relay", "Line");
        using var watcher = await WatchAsync(server, "Both");
        using var client = await server.ConnectAsync();
        Assert.Equal("=one", await client.AskAsync("one"));
        Assert.Equal("one", await watcher.ReadLineAsync());
        Assert.Equal("=one", await watcher.ReadLineAsync());
    }

    [Fact]
    public async Task CanSayNothing()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device.Tcp);
        using var watcher = await WatchAsync(server);
        using var client = await server.ConnectAsync();
        await watcher.SendAsync("reboot\n");
        Assert.Equal("=one", await client.AskAsync("one"));
        await watcher.SendAsync(new byte[1 << 20]);
        Assert.Equal("=two", await client.AskAsync("two"));
        Assert.Equal("=one", await watcher.ReadLineAsync());
        Assert.Equal("=two", await watcher.ReadLineAsync());
        device.AssertServed("one", "two");
    }

    [Theory]
    [InlineData("Relay", "Line")]
    [InlineData("Tunnel", "Raw")]
    public async Task OfBothSidesSeeEachLineWhole(string processor, string protocol)
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        device.Script = async service =>
        {
            if (service.Key == "quiet") return;
            await service.AnswerAsync();
        };
        await using var server = await StartAsync(device.Tcp, processor, protocol);
        using var watcher = await WatchAsync(server, "Both");
        using var plain = await WatchAsync(server);
        using var client = await server.ConnectAsync();
        Assert.Equal("=one", await client.AskAsync("one"));
        await SayAsync(device, "half a ");
        Assert.Equal("=one\nhalf a ", await plain.ReadAsync(12)); // so it has passed the server
        await client.SendAsync(protocol == "Raw" ? "q" : "quiet\n");
        if (protocol == "Raw") await client.SendAsync("uiet\n");
        await Poll.UntilAsync(() => device.Services.Any(s => s.Key == "quiet"), "the device has the request");
        await SayAsync(device, "line\n");
        Assert.Equal("one", await watcher.ReadLineAsync());
        Assert.Equal("=one", await watcher.ReadLineAsync());
        Assert.Equal("quiet", await watcher.ReadLineAsync());
        Assert.Equal("half a line", await watcher.ReadLineAsync());
    }

    [Fact]
    public async Task OfBothSidesSeeAPromptThatHasNoEnd()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device.Tcp);
        await server.WaitForStatusAsync(s => s.Resource.Link!.State == "Up");
        using var watcher = await WatchAsync(server, "Both");
        await SayAsync(device, "login: ");
        Assert.Equal("login: ", await watcher.ReadAsync(7));
    }

    /// <summary>The device, its client and the other watcher go on as if it were not there, and it is closed.</summary>
    [Fact]
    public async Task ASlowOneIsClosedAndCostsNobodyAnything()
    {
        var line = new string('x', 60_000);
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device.Tcp);
        using var slow = await WatchAsync(server);
        using var quick = await WatchAsync(server);
        using var client = await server.ConnectAsync();
        var slowest = TimeSpan.Zero;
        for (var i = 0; i < 400; i++)
        {
            var watch = Stopwatch.StartNew();
            Assert.Equal($"={i}{line}", await client.AskAsync($"{i}{line}"));
            if (watch.Elapsed > slowest) slowest = watch.Elapsed;
            Assert.Equal($"={i}{line}", await quick.ReadLineAsync());
        }

        await server.WaitForStatusAsync(s => s.Listeners["Watch"].Connections == 1);
        Assert.True(slowest < TimeSpan.FromSeconds(5), $"one took {slowest}"); // SendTimeout, if anybody waited for it, is 10 s
        await server.WaitForLogAsync("did not keep up");
    }

    [Fact]
    public async Task LeaveAndAreClosedAtTheStop()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device.Tcp);
        using (await WatchAsync(server)) await WaitForWatchersAsync(server, 1);
        await WaitForWatchersAsync(server, 0);
        using var watcher = await WatchAsync(server);
        await SayAsync(device, "last words\n");
        await SayAsync(device, "half");
        Assert.Equal("last words", await watcher.ReadLineAsync());
        var watch = Stopwatch.StartNew();
        server.Process.Terminate();
        Assert.Equal("half", await watcher.ReadToEndAsync());
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(15)));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(6), "a watcher does not hold up the stop");
    }

    /// <summary>A watcher is idle by its nature.</summary>
    [Fact]
    public async Task AreNotClosedAsIdleAndSeeADeviceThatComesBack()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device.Tcp, watch: """, "IdleTimeout": "00:00:00.100" """);
        using var watcher = await WatchAsync(server);
        device.GoAway();
        await server.WaitForStatusAsync(s => s.Resource.Link!.State == "Down");
        device.Listen();
        await server.WaitForStatusAsync(s => s.Resource.Link!.State == "Up");
        await SayAsync(device, "back\n");
        Assert.Equal("back", await watcher.ReadLineAsync());
    }

    /// <summary>The device says something by itself, once it knows that it is connected to.</summary>
    private static async Task SayAsync(ScriptedDevice device, string text)
    {
        await Poll.UntilAsync(() => device.Connections.Any(c => c.IsOpen), "the device is connected to");
        await device.SendAsync(Encoding.ASCII.GetBytes(text));
    }

    /// <summary>Connects one that sees what comes from now on, which the log tells: an accepted connection is not served yet.</summary>
    private static async Task<TestClient> WatchAsync(ServerProcess server, string listener = "Watch")
    {
        var before = CountJoined();
        var watcher = await server.ConnectAsync(listener);
        await Poll.UntilAsync(() => CountJoined() > before, "the watcher is served");
        return watcher;

        int CountJoined() => server.Process.Log.Split(" watches ").Length;
    }

    private static Task<ServerStatus> WaitForWatchersAsync(ServerProcess server, long count, string listener = "Watch") =>
        server.WaitForStatusAsync(s => s.Listeners[listener].Connections == count);

    private static Task<ServerProcess> StartAsync(string link, string processor = "Tunnel", string protocol = "Raw", string watch = "") =>
        ServerProcess.StartAsync($$"""
            "Listeners": {
              "Default": { "Port": 0 },
              "Watch": { "Port": 0, "Resource": "Default", "Role": "Watcher" {{watch}} },
              "Both": { "Port": 0, "Resource": "Default", "Role": "Watcher", "Both": true }
            },
            "Resources": { "Default": { "Processor": "{{processor}}", "Protocol": { "Name": "{{protocol}}" }, "Link": { {{link}} } } }
            """,
            serilog: """ "MinimumLevel": { "Default": "Information", "Override": { "Microsoft": "Warning", "SocketSync.ClientConnection": "Debug" } } """);
}
