namespace SocketSync.EndToEndTests;

public sealed class TurnTests
{
    [Fact]
    public async Task GoByArrivalOfTheRequest()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        var clients = new List<TestClient>();
        for (var i = 0; i < 10; i++) clients.Add(await server.ConnectAsync());
        await clients[0].SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource is { State: "Busy", Turn: not null });
        // Not in the order in which they connected.
        foreach (var i in Enumerable.Range(1, 9).Reverse()) await WaitInLineAsync(server, clients[i], $"{i}", place: 10 - i);

        await server.ReleaseAsync("key");
        for (var i = 1; i < 10; i++) Assert.Equal($"{i}", await clients[i].ReadLineAsync());
        var log = await server.StageAsync();
        Assert.Equal(["hold key", "9", "8", "7", "6", "5", "4", "3", "2", "1"], log.Begun);
        Assert.Equal(0, log.Overlaps);
        clients.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task GoByPriorityButEveryEighthToTheLongestWaiter()
    {
        await using var server = await ServerProcess.StartTestHostAsync("""
            "Listeners": {
              "Urgent": { "Port": 0, "Resource": "Default", "Priority": "High" },
              "Default": { "Port": 0 },
              "Patient": { "Port": 0, "Resource": "Default", "Priority": "Low" }
            },
            "Resources": { "Default": { "Processor": "Scripted", "Protocol": { "Name": "Line" } } }
            """);
        using var holder = await server.ConnectAsync("Urgent");
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        var clients = new List<TestClient>();
        foreach (var (listener, name, count) in new[] { ("Patient", "low", 2), ("Default", "normal", 1), ("Urgent", "high", 20) })
        {
            for (var i = 0; i < count; i++)
            {
                var client = await server.ConnectAsync(listener);
                clients.Add(client);
                await WaitInLineAsync(server, client, $"{name} {i}", clients.Count);
            }
        }

        await server.ReleaseAsync("key");
        foreach (var client in clients) await client.ReadLineAsync();
        var order = (await server.StageAsync()).Begun.Skip(1).ToList();
        string[] high = [.. order.Where(o => o.StartsWith("high", StringComparison.Ordinal))];
        Assert.Equal([.. Enumerable.Range(0, 20).Select(i => $"high {i}")], high);
        Assert.InRange(order.IndexOf("low 0"), 1, 7);
        Assert.InRange(order.IndexOf("low 1") - order.IndexOf("low 0"), 1, 8);
        Assert.InRange(order.IndexOf("normal 0") - order.IndexOf("low 1"), 1, 8);
        clients.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task AreRefusedAtOnceWhenTheLineIsFull()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted("""
            "MaxQueue": 2
            """));
        using var holder = await server.ConnectAsync();
        using var first = await server.ConnectAsync();
        using var second = await server.ConnectAsync();
        using var third = await server.ConnectAsync();
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await WaitInLineAsync(server, first, "first", 1);
        await WaitInLineAsync(server, second, "second", 2);

        Assert.StartsWith("ERROR busy ", await third.AskAsync("third"), StringComparison.Ordinal);
        var status = await server.WaitForStatusAsync(s => s.Resource.Refused == 1);
        Assert.Equal(2, status.Resource.QueueLength);

        await server.ReleaseAsync("key");
        Assert.Equal("hold key", await holder.ReadLineAsync());
        Assert.Equal("first", await first.ReadLineAsync());
        Assert.Equal("second", await second.ReadLineAsync());
        Assert.Equal("again", await third.AskAsync("again"));
        Assert.Equal(["hold key", "first", "second", "again"], (await server.StageAsync()).Begun);
    }

    [Fact]
    public async Task AreRefusedWhenTheyWaitTooLong()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted("""
            "WaitTimeout": "00:00:00.3"
            """));
        using var holder = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        Assert.StartsWith("ERROR busy ", await waiter.AskAsync("late"), StringComparison.Ordinal);
        await server.ReleaseAsync("key");
        Assert.Equal("hold key", await holder.ReadLineAsync());
        Assert.Equal("again", await waiter.AskAsync("again"));
        Assert.Equal(["hold key", "again"], (await server.StageAsync()).Begun);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2 << 20)] // More than the server reads ahead, so that the reset comes behind bytes it has not read.
    public async Task AreNotGivenToAClientThatResetWhileItWaited(int pipelinedBehind)
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        using var holder = await server.ConnectAsync();
        using var gone = await server.ConnectAsync();
        using var next = await server.ConnectAsync();
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await WaitInLineAsync(server, gone, "gone", 1);
        SendAsMuchAsFits(gone, pipelinedBehind);
        await WaitInLineAsync(server, next, "next", 2);

        gone.Reset();
        if (pipelinedBehind == 0) await server.WaitForStatusAsync(s => s.Resource is { QueueLength: 1, Turn: not null });
        await server.ReleaseAsync("key");
        Assert.Equal("next", await next.ReadLineAsync());
        Assert.Equal("hold key", await holder.ReadLineAsync());
        Assert.Equal(["hold key", "next"], (await server.StageAsync()).Begun);
        await server.WaitForStatusAsync(s => s.Resource.Abandoned == 1 && s.Listener.Connections == 2);
    }

    [Fact]
    public async Task GoOnWhenTheirClientHasReset()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        using var gone = await server.ConnectAsync();
        using var next = await server.ConnectAsync();
        await gone.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        gone.Reset();
        await TurnTests.WaitInLineAsync(server, next, "next", 1);
        await Poll.UntilAsync(async () => (await server.StageAsync()).Inside == 1, () => "the turn goes on");
        await server.ReleaseAsync("key");
        Assert.Equal("next", await next.ReadLineAsync());
        Assert.Equal(0, (await server.StageAsync()).Overlaps);
        await server.WaitForStatusAsync(s => s.Listener.Connections == 1 && s.Resource.Turn is null);
    }

    [Fact]
    public async Task AreGivenToAClientThatHalfClosedWhileItWaited()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        using var holder = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        await holder.SendAsync("hold key\n");
        holder.HalfClose();
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await WaitInLineAsync(server, waiter, "waiter", 1);
        waiter.HalfClose();
        await server.ReleaseAsync("key");
        Assert.Equal("hold key\n", await holder.ReadToEndAsync());
        Assert.Equal("waiter\n", await waiter.ReadToEndAsync());
    }

    [Fact]
    public async Task AThousandPipelinedRequestsTakeOnePlaceInLine()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        using var holder = await server.ConnectAsync();
        using var eager = await server.ConnectAsync();
        using var modest = await server.ConnectAsync();
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await WaitInLineAsync(server, eager, string.Join('\n', Enumerable.Range(0, 1000)), 1);
        await WaitInLineAsync(server, modest, "modest", 2);

        await server.ReleaseAsync("key");
        for (var i = 0; i < 1000; i++) Assert.Equal($"{i}", await eager.ReadLineAsync());
        Assert.Equal("modest", await modest.ReadLineAsync());
        Assert.Equal(["hold key", "0", "modest", "1", "2"], (await server.StageAsync()).Begun[..5]);
    }

    [Fact]
    public async Task AFailureCostsOnlyItsRequest()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        using var client = await server.ConnectAsync();
        server.Expect(Settings.Thrown);
        await client.SendAsync("throw\nnext\n");
        Assert.StartsWith("ERROR failed ", await client.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal("next", await client.ReadLineAsync());
        await server.WaitForStatusAsync(s => s.Resource is { Failed: 1, Completed: 1, Turn: null });
        await server.WaitForLogAsync(Settings.Thrown);
        await server.WaitForLogAsync("at SocketSync.TestHost.Scripted.ProcessAsync");
    }

    [Fact]
    public async Task ErrorsCanBeToldByClosingInstead()
    {
        await using var server = await ServerProcess.StartTestHostAsync("""
            "Listeners": { "Default": { "Port": 0 } },
            "Resources": { "Default": { "Processor": "Scripted", "Protocol": { "Name": "Line" }, "OnError": "Close" } }
            """);
        using var client = await server.ConnectAsync();
        server.Expect(Settings.Thrown);
        await client.SendAsync("throw\n");
        Assert.Equal("", await client.WaitForCloseAsync());
    }

    [Fact]
    public async Task OfDifferentResourcesGoOnSideBySideAlsoWhenOneBlocksItsThread()
    {
        await using var server = await ServerProcess.StartTestHostAsync("""
            "Listeners": { "Default": { "Port": 0 }, "Other": { "Port": 0 } },
            "Resources": {
              "Default": { "Processor": "Scripted", "Protocol": { "Name": "Line" } },
              "Other": { "Processor": "Scripted", "Protocol": { "Name": "Line" } }
            }
            """);
        using var blocking = await server.ConnectAsync();
        using var other = await server.ConnectAsync("Other");
        await blocking.SendAsync("block key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        Assert.Equal("a", await other.AskAsync("a"));
        await server.ReleaseAsync("key");
        Assert.Equal("block key", await blocking.ReadLineAsync());
    }

    /// <summary>Sends a request and waits until it has its place in the line.</summary>
    internal static async Task WaitInLineAsync(ServerProcess server, TestClient client, string request, int place)
    {
        await client.SendAsync(request + "\n");
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == place);
    }

    private static void SendAsMuchAsFits(TestClient client, int bytes)
    {
        if (bytes == 0) return;
        var lines = new byte[bytes];
        lines.AsSpan().Fill((byte)'\n');
        client.Socket.Blocking = false;
        var sent = 0;
        while (sent < bytes)
        {
            sent += client.Socket.Send(lines.AsSpan(sent), System.Net.Sockets.SocketFlags.None, out var error);
            if (error != System.Net.Sockets.SocketError.Success) break;
        }

        Assert.True(sent > 65536, $"only {sent} bytes could be sent");
    }
}
