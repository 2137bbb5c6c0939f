using System.Diagnostics;
using System.Net;

namespace SocketSync.EndToEndTests;

public sealed class TimeoutTests
{
    [Fact]
    public async Task AnIdleClientIsClosed()
    {
        await using var server = await StartAsync(""" "IdleTimeout": "00:00:00.5" """);
        using var silent = await server.ConnectAsync();
        using var client = await server.ConnectAsync();
        Assert.Equal("a", await client.AskAsync("a"));
        Assert.Equal("", await client.WaitForCloseAsync());
        Assert.Equal("", await silent.WaitForCloseAsync());
        await server.WaitForStatusAsync(s => s.Listener.Connections == 0);
        await server.WaitForMetricAsync(0, "socketsync_requests_total", "outcome=\"malformed\"");
    }

    [Fact]
    public async Task WaitingForATurnIsNotIdle()
    {
        await using var server = await ServerProcess.StartTestHostAsync("""
            "Listeners": { "Default": { "Port": 0, "IdleTimeout": "00:00:00.3", "FrameTimeout": "00:00:00.3" } },
            "Resources": { "Default": { "Processor": "Scripted", "Protocol": { "Name": "Line" } } }
            """);
        using var holder = await server.ConnectAsync();
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        using var waiter = await server.ConnectAsync();
        await TurnTests.WaitInLineAsync(server, waiter, "waiter", 1);
        var status = await server.WaitForStatusAsync(s => s.Resource.Turn!.HeldSeconds > 1);
        Assert.Equal(2, status.Listener.Connections);
        await server.ReleaseAsync("key");
        Assert.Equal("hold key", await holder.ReadLineAsync());
        Assert.Equal("waiter", await waiter.ReadLineAsync());
    }

    [Fact]
    public async Task ARequestThatComesTooSlowlyIsMalformedHoweverItTrickles()
    {
        await using var server = await StartAsync(""" "FrameTimeout": "00:00:01" """);
        using var slow = await server.ConnectAsync();
        Assert.Equal("a", await slow.AskAsync("a"));
        var watch = Stopwatch.StartNew();
        await Poll.UntilAsync(
            async () =>
            {
                try
                {
                    await slow.SendAsync("x");
                }
                catch (IOException)
                {
                    return true;
                }

                return (await server.StatusAsync()).Listener.Connections == 0;
            },
            () => "the slow client is still there");
        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(5));
        await server.WaitForMetricAsync(1, "socketsync_requests_total", "outcome=\"malformed\"");
        await server.WaitForMetricAsync(1, "socketsync_requests_total", "outcome=\"ok\"");
    }

    [Fact]
    public async Task AClientThatDoesNotTakeItsReplyIsClosed()
    {
        await using var server = await ServerProcess.StartAsync("""
            "Listeners": { "Default": { "Port": 0, "SendTimeout": "00:00:01" } },
            "Resources": { "Default": { "Protocol": { "Name": "Line", "MaxRequestBytes": 33554432 } } }
            """);
        var port = (await server.StatusAsync()).Listener.Port;
        using var client = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), receiveBuffer: 4096);
        await client.SendAsync(new string('x', 32 << 20)[1..] + "\n");
        await server.WaitForStatusAsync(s => s.Resource is { Completed: 1, Turn: null });
        await server.WaitForStatusAsync(s => s.Listener.Connections == 0, TimeSpan.FromSeconds(5));
    }

    private static Task<ServerProcess> StartAsync(string listener) => ServerProcess.StartAsync($$"""
        "Listeners": { "Default": { "Port": 0, {{listener}} } },
        "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
        """);
}
