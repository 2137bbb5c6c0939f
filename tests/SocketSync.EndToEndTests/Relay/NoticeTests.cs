using System.Globalization;
using System.Net;

namespace SocketSync.EndToEndTests;

/// <summary>A console whose clients in line are told so: who has the turn, and that what they type is for nobody.</summary>
public sealed class NoticeTests
{
    private const string Notice = """ "Notice": true, """;

    [Fact]
    public async Task SaysWhoHasTheTurnAndThePlaceAndThrowsAwayWhatIsTypedBefore()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device);
        var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();
        using var third = await server.ConnectAsync();
        Assert.Equal("=login", await first.AskAsync("login"));

        await second.SendAsync("h");
        Assert.StartsWith($"{first.Socket.LocalEndPoint} has had the turn for ", await second.ReadLineAsync(), StringComparison.Ordinal);
        await third.SendAsync("reboot\n");
        Assert.Contains("your place in line is 2.", await third.ReadLineAsync(), StringComparison.Ordinal);
        await second.SendAsync("ello?\nreboot\n");
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 2);

        first.Dispose();
        Assert.Equal("It is your turn.\r", await second.ReadLineAsync());
        Assert.Equal("=mine", await second.AskAsync("mine"));
        second.Dispose();
        Assert.Equal("It is your turn.\r", await third.ReadLineAsync());
        Assert.Equal("=too", await third.AskAsync("too"));
        device.AssertServed("login", "mine", "too");
        device.AssertOneAtATime();
    }

    [Fact]
    public async Task WhoGetsTheTurnAtOnceIsToldNothing()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device);
        for (var i = 0; i < 3; i++)
        {
            await server.WaitForStatusAsync(s => s.Resource.Turn is null);
            using var client = await server.ConnectAsync();
            Assert.Equal("=login", await client.AskAsync("login"));
        }
    }

    /// <summary>More than the connection's pipe and the system hold: what is thrown away is read, not left for later.</summary>
    [Fact]
    public async Task MegabytesPastedInLineReachNobody()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device);
        var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();
        Assert.Equal("=login", await first.AskAsync("login"));
        await second.SendAsync("x");
        Assert.Contains("your place in line is 1.", await second.ReadLineAsync(), StringComparison.Ordinal);
        var paste = new byte[1 << 20];
        Array.Fill(paste, (byte)'\n');
        for (var i = 0; i < 16; i++) await second.SendAsync(paste);
        await Poll.UntilAsync(() => IsAllRead(second), "the server has read it all");

        first.Dispose();
        Assert.Equal("It is your turn.\r", await second.ReadLineAsync());
        Assert.Equal("=mine", await second.AskAsync("mine"));
        Assert.Equal("login mine", string.Join(" ", device.Services.Select(s => s.Key).Where(key => key.Length > 0)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhoLeavesTheLineFreesItsPlace(bool reset)
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device);
        using var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();
        Assert.Equal("=login", await first.AskAsync("login"));
        await second.SendAsync("reboot\n");
        Assert.Contains("your place in line is 1.", await second.ReadLineAsync(), StringComparison.Ordinal);
        if (reset) second.Reset();
        else second.HalfClose();
        await server.WaitForStatusAsync(s => s.Resource is { QueueLength: 0, Abandoned: 1 });
        Assert.Equal("=still", await first.AskAsync("still"));
        device.AssertServed("login", "still");
    }

    [Fact]
    public async Task WhoHasWaitedTooLongIsClosedAndOthersAreServed()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await StartAsync(device, gate: """ "WaitTimeout": "00:00:00.300" """);
        using var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();
        Assert.Equal("=login", await first.AskAsync("login"));
        await second.SendAsync("reboot\n");
        Assert.Contains("your place in line is 1.", await second.WaitForCloseAsync(), StringComparison.Ordinal);
        Assert.Equal("=still", await first.AskAsync("still"));
        await server.WaitForStatusAsync(s => s.Resource is { QueueLength: 0, Refused: 1 });
    }

    [Fact]
    public async Task IsTurnedOnWhileTheServerRuns()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        await using var server = await ServerProcess.StartAsync(Settings(device, notice: ""));
        using var first = await server.ConnectAsync();
        Assert.Equal("=login", await first.AskAsync("login"));
        server.ChangeFile(Settings(device, Notice));
        await server.WaitForLogAsync("Default");
        await Poll.UntilAsync(async () =>
        {
            using var second = await server.ConnectAsync();
            await second.SendAsync("x");
            await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
            second.HalfClose();
            return (await second.ReadToEndAsync()).Contains("has had the turn", StringComparison.Ordinal);
        }, () => "the change is in force");
    }

    /// <summary>Whether the server has read all that the client has sent: neither of the two sockets holds anything (proc_net_tcp(5)).</summary>
    private static bool IsAllRead(TestClient client)
    {
        var (mine, servers) = (Port(client.Socket.LocalEndPoint), Port(client.Socket.RemoteEndPoint));
        return File.ReadLines("/proc/net/tcp").Skip(1).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).All(entry =>
            (!entry[1].EndsWith(mine, StringComparison.Ordinal) && !entry[2].EndsWith(mine, StringComparison.Ordinal))
            || (!entry[1].EndsWith(servers, StringComparison.Ordinal) && !entry[2].EndsWith(servers, StringComparison.Ordinal))
            || entry[4] == "00000000:00000000");

        static string Port(EndPoint? end) => string.Create(CultureInfo.InvariantCulture, $":{((IPEndPoint)end!).Port:X4}");
    }

    private static Task<ServerProcess> StartAsync(ScriptedDevice device, string gate = "") =>
        ServerProcess.StartAsync(Settings(device, Notice, gate));

    private static string Settings(ScriptedDevice device, string notice, string gate = "") => $$"""
        "Listeners": { "Default": { "Port": 0 } },
        "Resources": { "Default": { {{notice}} "Processor": "Tunnel", "Gate": { {{gate}} }, "Link": { {{device.Tcp}} } } }
        """;
}
