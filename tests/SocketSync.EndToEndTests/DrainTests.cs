using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

public sealed class DrainTests
{
    [Fact]
    public async Task IdleClientsDoNotHoldItUp()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        var clients = await ConnectAsync(server, 20);
        foreach (var client in clients[..10]) Assert.Equal("a", await client.AskAsync("a"));
        await clients[19].SendAsync("a request without an end");
        await server.WaitForStatusAsync(s => s.Listener.Connections == 20);

        var watch = Stopwatch.StartNew();
        server.Process.Terminate();
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"it took {watch.Elapsed}");
        foreach (var client in clients) Assert.Equal("", await client.WaitForCloseAsync());
        clients.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task AnswersWhoeverWaits()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        var port = (await server.StatusAsync()).Listener.Port;
        var clients = await ConnectAsync(server, 31);
        await clients[0].SendAsync("hold key\nnot yet in line\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        for (var i = 1; i < clients.Count; i++) await clients[i].SendAsync($"{i}\n");
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 30);

        server.Process.Terminate();
        await server.WaitForReadinessAsync(HttpStatusCode.ServiceUnavailable);
        await Poll.UntilAsync(() => IsRefusedAsync(port), () => "new connections are still taken");
        Assert.Equal(30, (await server.StatusAsync()).Resource.QueueLength);
        await server.ReleaseAsync("key");
        Assert.Equal("hold key\n", await clients[0].ReadToEndAsync());
        for (var i = 1; i < clients.Count; i++) Assert.Equal($"{i}\n", await clients[i].ReadToEndAsync());
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(5)));
        clients.ForEach(c => c.Dispose());
    }

    [Theory]
    [InlineData("hold")]
    [InlineData("ignore")]
    public async Task RefusesWhoeverStillWaitsWhenItsTimeIsUp(string verb)
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted(more: """
            "DrainTimeout": "00:00:01",
            """));
        var clients = await ConnectAsync(server, 4);
        await clients[0].SendAsync($"{verb} key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        foreach (var client in clients[1..]) await client.SendAsync("waiting\n");
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 3);

        var watch = Stopwatch.StartNew();
        server.Process.Terminate();
        foreach (var client in clients[1..])
            Assert.StartsWith("ERROR unavailable ", await client.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.InRange(watch.Elapsed, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(5));
        Assert.DoesNotContain("key", await clients[0].WaitForCloseAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(5)));
        clients.ForEach(c => c.Dispose());
    }

    [Theory]
    [InlineData("Quiet")]
    [InlineData("Connection")]
    public async Task ALeaseWhoseClientIsIdleDoesNotHoldItUp(string hold)
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted($"""
            "Hold": "{hold}", "QuietTime": "00:01:00"
            """));
        using var owner = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        Assert.Equal("1", await owner.AskAsync("1"));
        await TurnTests.WaitInLineAsync(server, waiter, "waiter", 1);

        server.Process.Terminate();
        Assert.Equal("", await owner.ReadToEndAsync());
        Assert.Equal("waiter\n", await waiter.ReadToEndAsync());
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public async Task ASecondSignalEndsItAtOnce()
    {
        await using var server = await ServerProcess.StartAsync("""
            "DrainTimeout": "00:01:00",
            "Listeners": { "Default": { "Port": 0, "SendTimeout": "00:01:00" } },
            "Resources": { "Default": { "Protocol": { "Name": "Line", "MaxRequestBytes": 33554432 } } }
            """);
        // A client that does not take its reply holds the drain up.
        var port = (await server.StatusAsync()).Listener.Port;
        using var client = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), receiveBuffer: 4096);
        await client.SendAsync(new string('x', 32 << 20)[1..] + "\n");
        await server.WaitForStatusAsync(s => s.Resource is { Completed: 1, Turn: null });
        server.Process.Terminate();
        await server.WaitForReadinessAsync(HttpStatusCode.ServiceUnavailable);

        var watch = Stopwatch.StartNew();
        server.Process.Terminate();
        Assert.Equal(1, await server.Process.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"it took {watch.Elapsed}");
    }

    private static async Task<bool> IsRefusedAsync(int port)
    {
        try
        {
            using var client = await TestClient.ConnectAsync(port);
            return false;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return true;
        }
    }

    private static async Task<List<TestClient>> ConnectAsync(ServerProcess server, int count)
    {
        var clients = new List<TestClient>();
        for (var i = 0; i < count; i++) clients.Add(await server.ConnectAsync());
        return clients;
    }
}
