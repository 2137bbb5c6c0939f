using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>A link to a serial line of another server: ser2net, on a line of two pseudo-terminals.</summary>
public sealed class Rfc2217LinkTests
{
    [Fact]
    public async Task SetsTheLineOfTheServerAndAsks()
    {
        await using var ser2net = await Ser2net.StartAsync();
        await using var server = await StartAsync(ser2net, "Line", """, "BaudRate": 19200, "StopBits": "Two" """);
        await server.WaitForStatusAsync(s => s.Resource.Link!.State == "Up");
        var settings = await ser2net.Line.SettingsAsync();
        Assert.Contains("speed 19200 baud", settings, StringComparison.Ordinal);
        Assert.Contains(" cstopb", settings, StringComparison.Ordinal);

        using var client = await server.ConnectAsync();
        for (var i = 0; i < 3; i++)
        {
            await client.SendAsync($"{i}\n");
            Assert.Equal(Encoding.ASCII.GetBytes($"{i}\n"), await ser2net.Line.ReadAsync(2));
            await ser2net.Line.WriteAsync(Encoding.ASCII.GetBytes($"={i}\n"));
            Assert.Equal($"={i}", await client.ReadLineAsync());
        }
    }

    [Theory]
    [InlineData("Relay")]
    [InlineData("Tunnel")]
    public async Task PassesEveryByteBothWays(string processor)
    {
        byte[] all = [.. Enumerable.Range(0, 256).Select(i => (byte)i), 255, 255, 13, 0, 13, 10, 255, 240];
        await using var ser2net = await Ser2net.StartAsync();
        await using var server = await StartAsync(ser2net, "Raw", processor: processor);
        using var client = await server.ConnectAsync();
        await client.SendAsync(all);
        Assert.Equal(all, await ser2net.Line.ReadAsync(all.Length));
        await ser2net.Line.WriteAsync(all);
        Assert.Equal(Encoding.Latin1.GetString(all), await client.ReadAsync(all.Length));
    }

    [Fact]
    public async Task IsWatched()
    {
        await using var ser2net = await Ser2net.StartAsync();
        await using var server = await StartAsync(ser2net, "Line");
        await server.WaitForStatusAsync(s => s.Resource.Link!.State == "Up");
        using var watcher = await server.ConnectAsync("Watch");
        await server.WaitForLogAsync(" watches ");
        await ser2net.Line.WriteAsync("42 kWh\n"u8.ToArray());
        Assert.Equal("42 kWh", await watcher.ReadLineAsync());
    }

    [Fact]
    public async Task SaysSoWhenTheServerDoesNotLetItsLineBeSet()
    {
        await using var ser2net = await Ser2net.StartAsync("telnet");
        await using var server = await ServerProcess.StartUnreadyAsync(Settings(ser2net, "Line", "", "Relay"));
        var status = await server.WaitForStatusAsync(s => s.Resource.Link is { State: "Down", LastError: not null });
        Assert.Equal($"rfc2217 127.0.0.1:{ser2net.Port}: the server does not let its line be set (RFC 2217)", status.Resource.Link!.LastError);
    }

    private static Task<ServerProcess> StartAsync(Ser2net ser2net, string protocol, string line = "", string processor = "Relay") =>
        ServerProcess.StartAsync(
            Settings(ser2net, protocol, line, processor),
            serilog: """ "MinimumLevel": { "Default": "Information", "Override": { "Microsoft": "Warning", "SocketSync.ClientConnection": "Debug" } } """);

    private static string Settings(Ser2net ser2net, string protocol, string line, string processor) => $$"""
        "Listeners": { "Default": { "Port": 0 }, "Watch": { "Port": 0, "Resource": "Default", "Role": "Watcher" } },
        "Resources": { "Default": { "Processor": "{{processor}}", "Protocol": { "Name": "{{protocol}}" },
          "Link": { "Rfc2217": { "Host": "127.0.0.1", "Port": {{ser2net.Port}} {{line}} }, "ReplyTimeout": "00:00:05", "ReplyQuietTime": "00:00:00.500" } } }
        """;
}
