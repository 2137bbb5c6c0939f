using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>
/// A device that stops taking bytes in the middle of a request, and goes on when its client was told `timeout`: nothing more
/// of that request reaches it, and the next client gets its own reply, written once.
/// </summary>
public sealed class UnfinishedWriteTests
{
    private const byte XOn = 0x11;
    private const byte XOff = 0x13;

    /// <summary>More than all the buffers on the way hold.</summary>
    private static readonly string Long = new string('f', 16 * 1024 * 1024) + "END\n";

    [Theory]
    [InlineData("\"ReplyTimeout\": \"00:00:00.500\"", "")]
    [InlineData("\"ReplyTimeout\": \"00:00:30\"", "\"TurnTimeout\": \"00:00:00.500\"")]
    public async Task OnTcp(string link, string gate)
    {
        using var device = new TcpListener(IPAddress.Loopback, 0);
        device.Server.ReceiveBufferSize = 4096;
        device.Start();
        var port = ((IPEndPoint)device.LocalEndpoint).Port;
        await using var server = await StartAsync($$"""
            "Tcp": { "Host": "127.0.0.1", "Port": {{port}} }, {{link}}
            """, gate);
        using var stalled = await device.AcceptSocketAsync(Cancellation);
        await TellTimeoutAsync(server, async () => Assert.NotEqual(0, await stalled.ReceiveAsync(new byte[1000], Cancellation)));

        var rest = new StringBuilder();
        await Assert.ThrowsAnyAsync<SocketException>(async () =>
        {
            var buffer = new byte[65536];
            while (await stalled.ReceiveAsync(buffer, Cancellation) is > 0 and var count) rest.Append(Encoding.Latin1.GetString(buffer, 0, count));
        });
        Assert.DoesNotContain("END", rest.ToString(), StringComparison.Ordinal);

        using var second = await server.ConnectAsync();
        await second.SendAsync("second\n");
        using var fresh = await device.AcceptSocketAsync(Cancellation);
        var request = new byte[100];
        var length = await fresh.ReceiveAsync(request, Cancellation);
        Assert.Equal("second\n", Encoding.Latin1.GetString(request, 0, length));
        await fresh.SendAsync("=second\n"u8.ToArray(), Cancellation);
        Assert.Equal("=second", await second.ReadLineAsync());
        Assert.Equal(0, fresh.Available);
    }

    [Theory]
    [InlineData("\"ReplyTimeout\": \"00:00:00.500\"", "")]
    [InlineData("\"ReplyTimeout\": \"00:00:01\"", "\"TurnTimeout\": \"00:00:00.500\"")]
    public async Task OnASerialLineWhoseDeviceHoldsXOff(string link, string gate)
    {
        await using var line = await SerialPair.OpenAsync();
        await using var server = await StartAsync($$"""
            "Serial": { "Device": "{{line.Near}}", "BaudRate": 115200, "Handshake": "XOnXOff" }, {{link}}
            """, gate);
        await line.WriteAsync([XOff]);
        await TellTimeoutAsync(server, () => Task.CompletedTask, "first\n");
        await line.WriteAsync([XOn]);

        using var second = await server.ConnectAsync();
        await second.SendAsync("second\n");
        Assert.Equal("second\n", Encoding.Latin1.GetString(await line.ReadAsync(7)));
        await line.WriteAsync("=second\n"u8.ToArray());
        Assert.Equal("=second", await second.ReadLineAsync());
        using var third = await server.ConnectAsync();
        await third.SendAsync("third\n");
        Assert.Equal("third\n", Encoding.Latin1.GetString(await line.ReadAsync(6))); // and nothing came in between
    }

    [Fact]
    public async Task OnASerialLineThatStopsInTheMiddleOfARequest()
    {
        await using var line = await SerialPair.OpenAsync();
        await using var server = await StartAsync($$"""
            "Serial": { "Device": "{{line.Near}}", "BaudRate": 115200, "Handshake": "XOnXOff" }, "ReplyTimeout": "00:00:00.500"
            """);
        await TellTimeoutAsync(server, async () =>
        {
            Assert.Equal((byte)'f', (await line.ReadAsync(1))[0]);
            await line.WriteAsync([XOff]);
        });
        await line.WriteAsync([XOn]);

        using var second = await server.ConnectAsync();
        await second.SendAsync("second\n");
        var received = new StringBuilder();
        while (received.Length == 0 || received[^1] != '\n') received.Append((char)(await line.ReadAsync(1))[0]);
        Assert.Matches("^f*second\n$", received.ToString());
        Assert.True(received.Length < Long.Length);
        await line.WriteAsync("=second\n"u8.ToArray());
        Assert.Equal("=second", await second.ReadLineAsync());
    }

    [Fact]
    public async Task OnAProgram()
    {
        Tool.Require("python3");
        using var files = new TestFiles();
        var script = files.Write("worker.py", $$"""
            import os, sys, time
            first = not os.path.exists(r"{{files["started"]}}")
            open(r"{{files["started"]}}", "a").close()
            if first:
                sys.stdin.buffer.read(1000)
                while not os.path.exists(r"{{files["go on"]}}"):
                    time.sleep(0.01)
            for line in sys.stdin.buffer:
                with open(r"{{files["executed"]}}", "ab") as log:
                    log.write(line[-20:])
                sys.stdout.buffer.write(b"=" + line)
                sys.stdout.buffer.flush()
            """);
        await using var server = await StartAsync($$"""
            "Process": { "FileName": "python3", "Arguments": ["{{script}}"] }, "ReplyTimeout": "00:00:01"
            """);
        await TellTimeoutAsync(server, () => Task.CompletedTask);
        File.WriteAllText(files["go on"], "");

        using var second = await server.ConnectAsync();
        Assert.Equal("=second", await second.AskAsync("second"));
        Assert.Equal("second\n", await File.ReadAllTextAsync(files["executed"], Cancellation));
    }

    [Fact]
    public async Task InATunnelOnASerialLine()
    {
        await using var line = await SerialPair.OpenAsync();
        await using var server = await StartTunnelAsync(line, "00:00:01");
        await line.WriteAsync([XOff]);
        using (var first = await server.ConnectAsync())
        {
            await first.SendAsync("first\n");
            Assert.Equal("", await first.WaitForCloseAsync()); // by MaxHold
        }

        await line.WriteAsync([XOn]);
        using var second = await server.ConnectAsync();
        await second.SendAsync("second\n");
        Assert.Equal("second\n", Encoding.Latin1.GetString(await line.ReadAsync(7)));
        await line.WriteAsync("=second\n"u8.ToArray());
        Assert.Equal("=second", await second.ReadLineAsync());
    }

    [Fact]
    public async Task ATunnelWhoseClientTakesNothingLeavesTheLineUsable()
    {
        await using var line = await SerialPair.OpenAsync();
        await using var server = await StartTunnelAsync(line, "00:00:02");
        using (var first = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, (await server.StatusAsync()).Listener.Port), receiveBuffer: 4096))
        {
            await first.SendAsync("first\n");
            await line.ReadAsync(6);
            for (var i = 0; i < 8; i++) await line.WriteAsync(new byte[1024 * 1024]).WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
            await server.WaitForStatusAsync(s => s.Resource.Turn is null, TimeSpan.FromSeconds(30));
        }

        for (var i = 0; i < 3; i++)
        {
            using var next = await server.ConnectAsync();
            await next.SendAsync("next\n");
            Assert.Equal("next\n", Encoding.Latin1.GetString(await line.ReadAsync(5)));
            await line.WriteAsync("=next\n"u8.ToArray());
            Assert.Equal("=next", await next.ReadLineAsync());
        }
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static async Task TellTimeoutAsync(ServerProcess server, Func<Task> stall, string? request = null)
    {
        using var first = await server.ConnectAsync();
        var sending = first.SendAsync(request ?? Long);
        await stall();
        await sending;
        Assert.StartsWith("ERROR timeout", await first.ReadLineAsync(), StringComparison.Ordinal);
    }

    private static Task<ServerProcess> StartAsync(string link, string gate = "") => ServerProcess.StartAsync($$"""
        "Listeners": { "Default": { "Port": 0 } },
        "Resources": { "Default": {
          "Processor": "Relay", "Protocol": { "Name": "Line", "MaxRequestBytes": 20000000 }, "Gate": { {{gate}} }, "Link": { {{link}} } } }
        """);

    private static Task<ServerProcess> StartTunnelAsync(SerialPair line, string maxHold) => ServerProcess.StartAsync(RelaySettings.Of(
        "Raw", $$"""
            "Serial": { "Device": "{{line.Near}}", "BaudRate": 115200, "Handshake": "XOnXOff" }, "ReplyTimeout": "00:00:00.500"
            """, $""" "MaxHold": "{maxHold}" """, processor: "Tunnel"));
}
