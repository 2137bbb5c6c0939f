using System.Net;
using System.Text;

namespace SocketSync.EndToEndTests;

public sealed class EchoTests
{
    [Fact]
    public async Task LinesComeBackWholeHoweverTheyAreCut()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        using var client = await server.ConnectAsync();

        Assert.Equal("hello", await client.AskAsync("hello"));
        await client.SendAsync("one\ntwo\nthr");
        Assert.Equal("one", await client.ReadLineAsync());
        Assert.Equal("two", await client.ReadLineAsync());
        await client.SendAsync("ee\n");
        Assert.Equal("three", await client.ReadLineAsync());
    }

    [Fact]
    public async Task RawEchoesWhatComes()
    {
        await using var server = await ServerProcess.StartAsync("""
            "Listeners": { "Default": { "Port": 0 } },
            "Resources": { "Default": { } }
            """);
        using var client = await server.ConnectAsync();
        await client.SendAsync("\0\u00ff\r\n");
        Assert.Equal("\0\u00ff\r\n", await client.ReadAsync(4));
    }

    [Fact]
    public async Task EachListenerMaySpeakAnotherProtocol()
    {
        await using var server = await ServerProcess.StartAsync("""
            "Listeners": {
              "Prefixed": { "Port": 0, "Resource": "Default", "Protocol": { "Name": "LengthPrefixed" } },
              "Fixed": { "Port": 0, "Resource": "Default", "Protocol": { "Name": "FixedLength", "Length": 4 } },
              "Default": { "Port": 0 }
            },
            "Resources": { "Default": { "Protocol": { "Name": "Line", "Delimiter": "\\r\\n" } } }
            """);
        using var prefixed = await server.ConnectAsync("Prefixed");
        using var fixedLength = await server.ConnectAsync("Fixed");
        using var line = await server.ConnectAsync();

        await prefixed.SendAsync("\0\u0003abc\0\u0001d");
        Assert.Equal("\0\u0003abc\0\u0001d", await prefixed.ReadAsync(8));
        await fixedLength.SendAsync("abcdefghij");
        Assert.Equal("abcdefgh", await fixedLength.ReadAsync(8));
        await line.SendAsync("a\nb\r\n");
        Assert.Equal("a\nb\r\n", await line.ReadAsync(5));
    }

    [Fact]
    public async Task AHalfClosedClientIsAnswered()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        using var client = await server.ConnectAsync();
        await client.SendAsync("one\ntwo\n");
        client.HalfClose();
        Assert.Equal("one\ntwo\n", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task ARequestThatIsTooLargeIsToldSoAndClosed()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        // Takes little at once, so that replies are still under way when the server closes: they, and the error, must still arrive,
        // although there is more from this client than the server has read.
        var port = (await server.StatusAsync()).Listener.Port;
        using var client = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), receiveBuffer: 4096);
        var line = new string('x', 3999);
        const int Lines = 20;
        await client.SendAsync(string.Concat(Enumerable.Repeat(line + "\n", Lines)));
        var sending = SendMuchAsync(client);
        await server.WaitForStatusAsync(s => s.Resource.Completed == Lines);
        for (var i = 0; i < Lines; i++) Assert.Equal(line, await client.ReadLineAsync());
        Assert.StartsWith("ERROR too-large ", await client.ReadLineAsync(), StringComparison.Ordinal);
        await client.WaitForCloseAsync();
        await sending;
        await server.WaitForMetricAsync(1, "socketsync_requests_total", "outcome=\"too-large\"");
    }

    [Fact]
    public async Task AFrameThatAnnouncesTooMuchIsClosedAtOnce()
    {
        await using var server = await ServerProcess.StartAsync("""
            "Listeners": { "Default": { "Port": 0 } },
            "Resources": { "Default": { "Protocol": { "Name": "LengthPrefixed", "LengthBytes": 4 } } }
            """);
        using var client = await server.ConnectAsync();
        await client.SendAsync("\u007f\u00ff\u00ff\u00ff");
        Assert.Equal("", await client.WaitForCloseAsync());
        await server.WaitForMetricAsync(1, "socketsync_requests_total", "outcome=\"too-large\"");
    }

    [Fact]
    public async Task TheStreamsEndInsideARequestIsMalformed()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        using var client = await server.ConnectAsync();
        await client.SendAsync("whole\npart");
        client.HalfClose();
        var reply = await client.ReadToEndAsync();
        Assert.StartsWith("whole\n", reply, StringComparison.Ordinal);
        Assert.DoesNotContain("part", reply, StringComparison.Ordinal);
        await server.WaitForMetricAsync(1, "socketsync_requests_total", "outcome=\"malformed\"");
        await server.WaitForMetricAsync(1, "socketsync_requests_total", "outcome=\"ok\"");
    }

    private static async Task SendMuchAsync(TestClient client)
    {
        try
        {
            await client.SendAsync(Encoding.Latin1.GetBytes(new string('x', 1 << 20)));
        }
        catch (IOException)
        {
            // The server has closed before it had all.
        }
    }
}
