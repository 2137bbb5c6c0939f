using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace SocketSync.EndToEndTests;

[Collection(HeavyTests.Name)]
public sealed class LoadTests
{
    [Fact]
    public async Task EachReplyGoesToItsAskerWhileOthersReset()
    {
        const int Clients = 64, Requests = 500;
        await using var server = await StartAsync();
        var port = (await server.StatusAsync()).Listener.Port;
        var answered = await Task.WhenAll(Enumerable.Range(0, Clients).Select(id => Task.Run(() => AskOrResetAsync(port, id, Requests))));

        Assert.InRange(answered.Sum(), Clients * Requests * 65 / 100, Clients * Requests * 75 / 100);
        var status = await server.WaitForStatusAsync(s => s.Listener.Connections == 0 && s.Resource is { Turn: null, QueueLength: 0 });
        Assert.True(status.Resource.Completed >= answered.Sum(), $"{status}");
        Assert.Equal(0, status.Resource.Failed + status.Resource.Refused);
    }

    [Fact]
    public async Task AThousandHalfClosedClientsAreAllAnswered()
    {
        await using var server = await StartAsync();
        var port = (await server.StatusAsync()).Listener.Port;
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(async id =>
        {
            using var client = await TestClient.ConnectAsync(port);
            await client.SendAsync($"{id}\n");
            client.HalfClose();
            Assert.Equal($"{id}\n", await client.ReadToEndAsync());
        }));
        var status = await server.WaitForStatusAsync(s => s.Listener.Connections == 0);
        Assert.Equal(1000, status.Resource.Completed);
    }

    [Fact]
    public async Task ClientsThatNeverReadCostTheOthersNothing()
    {
        const int Requests = 2000;
        await using var server = await StartAsync();
        var port = (await server.StatusAsync()).Listener.Port;
        using var client = await TestClient.ConnectAsync(port);
        await TimeAsync(client, Requests); // Warms up.
        var alone = await TimeAsync(client, Requests);

        var stuck = new List<TestClient>();
        for (var i = 0; i < 30; i++) stuck.Add(await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), receiveBuffer: 4096));
        var lines = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(new string('x', 999) + "\n", 60))); // Still lines where a send stops midway.
        long completed = 0;
        await Poll.UntilAsync(
            async () =>
            {
                var sent = stuck.Count(c => TrySend(c, lines));
                var before = completed;
                completed = (await server.StatusAsync()).Resource.Completed;
                return sent == 0 && completed == before;
            },
            () => "the clients that never read are not stuck");

        var beside = await TimeAsync(client, Requests);
        Assert.Equal(31, (await server.StatusAsync()).Listener.Connections);
        Assert.True(beside < (alone * 5) + TimeSpan.FromSeconds(1), $"{beside} beside them, {alone} without");
        stuck.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task SlowlorisConnectionsAreClosedAndCountedWhileAnotherIsServed()
    {
        const int Slow = 500;
        await using var server = await StartAsync();
        var port = (await server.StatusAsync()).Listener.Port;
        using var client = await TestClient.ConnectAsync(port);
        var slow = await Task.WhenAll(Enumerable.Range(0, Slow).Select(async _ =>
        {
            var connection = await TestClient.ConnectAsync(port);
            await connection.SendAsync("a request without an end");
            return connection;
        }));

        long served = 0;
        await Poll.UntilAsync(
            async () =>
            {
                Assert.Equal($"{++served}", await client.AskAsync($"{served}"));
                return (await server.StatusAsync()).Listener.Connections == 1;
            },
            () => "the slow connections are still there");
        foreach (var connection in slow) await connection.WaitForCloseAsync();
        Assert.True(served > 50, $"only {served} requests were served beside them");
        await server.WaitForMetricAsync(Slow, "socketsync_requests_total", "outcome=\"malformed\"");
        await server.WaitForMetricAsync(served, "socketsync_requests_total", "outcome=\"ok\"");
        Array.ForEach(slow, c => c.Dispose());
    }

    [Fact]
    public async Task ConnectingAndResettingLeavesNothingBehind()
    {
        await using var server = await StartAsync();
        var port = (await server.StatusAsync()).Listener.Port;
        using var client = await TestClient.ConnectAsync(port);
        Assert.Equal("before", await client.AskAsync("before"));
        var files = server.Process.OpenFiles;
        await Task.WhenAll(Enumerable.Range(0, 50).Select(worker => Task.Run(async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                using var connection = await TestClient.ConnectAsync(port);
                if (i % 2 == 0) await connection.SendAsync(i % 4 == 0 ? "whole\n" : "part");
                connection.Reset();
            }
        })));

        Assert.Equal("after", await client.AskAsync("after"));
        await server.WaitForStatusAsync(s => s.Listener is { Connections: 1, Accepted: >= 5000 } && s.Resource is { Turn: null, QueueLength: 0 });
        await Poll.UntilAsync(() => server.Process.OpenFiles <= files + 5, $"{server.Process.OpenFiles} files are open, {files} were");
    }

    [Fact]
    public async Task TenThousandIdleClientsCostTenKilobytesEach()
    {
        const int Idle = 10_000;
        await using var server = await StartAsync();
        var port = (await server.StatusAsync()).Listener.Port;
        foreach (var warm in await ConnectAsync(port, 500)) warm.Dispose();
        await server.WaitForStatusAsync(s => s.Listener.Connections == 0);
        var before = server.Process.ResidentBytes;

        var clients = await ConnectAsync(port, Idle);
        await server.WaitForStatusAsync(s => s.Listener.Connections == Idle);
        var each = (server.Process.ResidentBytes - before) / Idle;
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes for each idle client");
        Assert.InRange(each, 1, 10 * 1024);
        foreach (var client in clients.Where((_, i) => i % 100 == 0)) Assert.Equal("a", await client.AskAsync("a"));
        foreach (var client in clients) client.Dispose();
    }

    [Fact]
    public async Task ClientsThatPushWhileTheyWaitFillNoMemory()
    {
        const int Pushing = 300;
        await using var server = await ServerProcess.StartTestHostAsync("""
            "Listeners": { "Default": { "Port": 0 } },
            "Resources": { "Default": { "Processor": "Scripted", "Protocol": { "Name": "Line" }, "Gate": { "MaxQueue": 1000, "TurnTimeout": "00:01:00" } } }
            """);
        var port = (await server.StatusAsync()).Listener.Port;
        var clients = await ConnectAsync(port, Pushing);
        using var holder = await TestClient.ConnectAsync(port);
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        var before = server.Process.ResidentBytes;

        var lines = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(new string('x', 999) + "\n", 60)));
        var pushed = 0;
        await Poll.UntilAsync(
            async () =>
            {
                var sent = clients.Count(c => TrySend(c, lines));
                pushed = Math.Max(pushed, sent);
                return sent == 0 && (await server.StatusAsync()).Resource.QueueLength == Pushing;
            },
            () => "the clients are not held up");
        Assert.Equal(Pushing, pushed);
        var each = (server.Process.ResidentBytes - before) / Pushing;
        TestContext.Current.TestOutputHelper?.WriteLine($"{each} bytes for each client that pushes");
        Assert.True(each < 160 * 1024, $"{each} bytes for each client that pushes");
        Array.ForEach(clients, c => c.Reset());
        await server.ReleaseAsync("key");
        Assert.Equal("hold key", await holder.ReadLineAsync());
    }

    private static Task<ServerProcess> StartAsync() => ServerProcess.StartAsync("""
        "Listeners": { "Default": { "Port": 0, "MaxConnections": 12000, "FrameTimeout": "00:00:02", "SendTimeout": "00:01:00" } },
        "Resources": { "Default": { "Protocol": { "Name": "Line" }, "Gate": { "MaxQueue": 12000 } } }
        """);

    /// <summary>Asks, or in three of ten cases sends a request and resets; returns how often it was answered.</summary>
    private static async Task<int> AskOrResetAsync(int port, int id, int requests)
    {
        var random = new Random(id);
        var answered = 0;
        var client = await TestClient.ConnectAsync(port);
        try
        {
            for (var i = 0; i < requests; i++)
            {
                var request = $"client {id} request {i}";
                if (random.Next(10) < 3)
                {
                    await client.SendAsync(request + "\n");
                    client.Reset();
                    client = await TestClient.ConnectAsync(port);
                }
                else
                {
                    Assert.Equal(request, await client.AskAsync(request));
                    answered++;
                }
            }
        }
        finally
        {
            client.Dispose();
        }

        return answered;
    }

    private static async Task<TestClient[]> ConnectAsync(int port, int count)
    {
        var clients = new TestClient[count];
        for (var i = 0; i < count; i++)
        {
            clients[i] = await TestClient.ConnectAsync(port);
            Assert.Equal("a", await clients[i].AskAsync("a"));
        }

        return clients;
    }

    private static async Task<TimeSpan> TimeAsync(TestClient client, int requests)
    {
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < requests; i++) Assert.Equal($"{i}", await client.AskAsync($"{i}"));
        return watch.Elapsed;
    }

    /// <summary>Sends as much as the system takes; whether that was anything: it is not once the server has stopped reading.</summary>
    private static bool TrySend(TestClient client, byte[] lines)
    {
        client.Socket.Blocking = false;
        var any = false;
        while (true)
        {
            client.Socket.Send(lines, SocketFlags.None, out var error);
            if (error != SocketError.Success) return any;
            any = true;
        }
    }
}
