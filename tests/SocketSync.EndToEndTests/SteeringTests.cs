using System.Net;

namespace SocketSync.EndToEndTests;

public sealed class SteeringTests
{
    [Fact]
    public async Task PausedTheTurnInHandEndsAndRequestsWait()
    {
        await using var server = await StartAsync();
        var steering = new Operator(server);
        using var holder = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);

        Assert.Equal(HttpStatusCode.NoContent, await steering.PauseAsync());
        await TurnTests.WaitInLineAsync(server, waiter, "waiter", 1);
        Assert.Equal("Paused", (await server.StatusAsync()).Resource.State);
        await server.ReleaseAsync("key");
        Assert.Equal("hold key", await holder.ReadLineAsync());

        var paused = await server.WaitForStatusAsync(s => s.Resource.Turn is null);
        Assert.Equal("Paused", paused.Resource.State);
        Assert.Equal(1, paused.Resource.QueueLength);
        using (var readiness = await server.Http.GetAsync(new Uri("/health/ready", UriKind.Relative), TestContext.Current.CancellationToken))
        {
            Assert.Equal(HttpStatusCode.OK, readiness.StatusCode);
            Assert.Contains("Degraded", await readiness.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.NoContent, await steering.ResumeAsync());
        Assert.Equal("waiter", await waiter.ReadLineAsync());
        await server.WaitForStatusAsync(s => s.Resource is { State: "Idle", QueueLength: 0 });
        await server.WaitForLogAsync("is paused by an operator");
    }

    [Fact]
    public async Task PausedARequestIsRefusedWhenItHasWaitedTooLong()
    {
        await using var server = await StartAsync("""
            "WaitTimeout": "00:00:00.2", "MaxQueue": 1
            """);
        var steering = new Operator(server);
        await steering.PauseAsync();
        using var client = await server.ConnectAsync();
        Assert.StartsWith("ERROR busy ", await client.AskAsync("a"), StringComparison.Ordinal);
        await steering.ResumeAsync();
        Assert.Equal("b", await client.AskAsync("b"));
    }

    [Fact]
    public async Task PausedALeaseGoesOnUntilItEnds()
    {
        await using var server = await StartAsync("""
            "Hold": "Connection"
            """);
        var steering = new Operator(server);
        using var holder = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        Assert.Equal("1", await holder.AskAsync("1"));
        await TurnTests.WaitInLineAsync(server, waiter, "waiter", 1);
        await steering.PauseAsync();
        Assert.Equal("2", await holder.AskAsync("2"));
        holder.HalfClose();
        await server.WaitForStatusAsync(s => s.Resource is { State: "Paused", Turn: null, QueueLength: 1 });
        await steering.ResumeAsync();
        Assert.Equal("waiter", await waiter.ReadLineAsync());
    }

    [Fact]
    public async Task AClientThatIsClosedInItsTurnIsToldTimeoutAndTheNextIsServed()
    {
        await using var server = await StartAsync();
        var steering = new Operator(server);
        using var holder = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        await holder.SendAsync("hold key\nnever\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await TurnTests.WaitInLineAsync(server, waiter, "waiter", 1);

        Assert.Equal(HttpStatusCode.NoContent, await steering.CloseAsync(await steering.IdOfAsync(holder)));

        Assert.StartsWith("ERROR timeout ", await holder.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal("", await holder.WaitForCloseAsync());
        Assert.Equal("waiter", await waiter.ReadLineAsync());
        Assert.Equal(["hold key", "waiter"], (await server.StageAsync()).Begun);
        await server.WaitForStatusAsync(s => s.Listener.Connections == 1 && s.Resource is { Failed: 1, Completed: 1 });
    }

    [Fact]
    public async Task AProcessorThatIgnoresItKeepsTheGateShutUntilItHasLeft()
    {
        await using var server = await StartAsync();
        var steering = new Operator(server);
        using var holder = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        await holder.SendAsync("ignore key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await TurnTests.WaitInLineAsync(server, waiter, "waiter", 1);
        await steering.CloseAsync(await steering.IdOfAsync(holder));
        Assert.StartsWith("ERROR timeout ", await holder.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal("", await holder.WaitForCloseAsync());
        Assert.Equal("Stuck", (await server.StatusAsync()).Resource.State);
        await server.ReleaseAsync("key");
        Assert.Equal("waiter", await waiter.ReadLineAsync());
        Assert.Equal(0, (await server.StageAsync()).Overlaps);
    }

    [Fact]
    public async Task AClosedClientLosesItsLease()
    {
        await using var server = await StartAsync("""
            "Hold": "Connection"
            """);
        var steering = new Operator(server);
        using var holder = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        Assert.Equal("1", await holder.AskAsync("1"));
        await TurnTests.WaitInLineAsync(server, waiter, "waiter", 1);
        await steering.CloseAsync(await steering.IdOfAsync(holder));
        Assert.Equal("waiter", await waiter.ReadLineAsync());
        Assert.StartsWith("ERROR timeout ", await holder.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal("", await holder.WaitForCloseAsync());
    }

    [Fact]
    public async Task AClosedClientThatWaitsLeavesTheLineUnprocessed()
    {
        await using var server = await StartAsync();
        var steering = new Operator(server);
        using var holder = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        using var idle = await server.ConnectAsync();
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await TurnTests.WaitInLineAsync(server, waiter, "waiter", 1);

        Assert.Equal(HttpStatusCode.NoContent, await steering.CloseAsync(await steering.IdOfAsync(waiter)));
        Assert.Equal("", await waiter.WaitForCloseAsync());
        Assert.Equal(HttpStatusCode.NoContent, await steering.CloseAsync(await steering.IdOfAsync(idle)));
        Assert.Equal("", await idle.WaitForCloseAsync());

        await server.WaitForStatusAsync(s => s.Resource is { QueueLength: 0, Abandoned: 1 } && s.Listener.Connections == 1);
        await server.ReleaseAsync("key");
        Assert.Equal("hold key", await holder.ReadLineAsync());
        Assert.Equal(["hold key"], (await server.StageAsync()).Begun);
    }

    [Fact]
    public async Task AClosedClientThatTakesNothingIsNotWaitedFor()
    {
        await using var server = await StartAsync();
        var steering = new Operator(server);
        var port = (await server.StatusAsync()).Listener.Port;
        using var greedy = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), receiveBuffer: 4096);
        var sending = SendForEverAsync(greedy); // More replies than both systems take in.
        var (last, same) = (0L, 0);
        await server.WaitForStatusAsync(s =>
        {
            (last, same) = (s.Resource.Completed, s.Resource.Completed == last && last > 0 ? same + 1 : 0);
            return same == 20;
        });
        await steering.CloseAsync(await steering.IdOfAsync(greedy));
        await server.WaitForStatusAsync(s => s.Listener.Connections == 0, TimeSpan.FromSeconds(8)); // SendTimeout is 10 s.
        await sending;
    }

    [Fact]
    public async Task WhatThereIsNotIsNotFound()
    {
        await using var server = await StartAsync();
        var steering = new Operator(server);
        Assert.Equal(HttpStatusCode.NotFound, await steering.PauseAsync("Nobody"));
        Assert.Equal(HttpStatusCode.NotFound, await steering.ResumeAsync("Nobody"));
        Assert.Equal(HttpStatusCode.NotFound, await steering.CloseAsync("Nobody"));
        Assert.Equal(HttpStatusCode.NotFound, await steering.StatusOfAsync(HttpMethod.Get, "/api/resources/Nobody/trace"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await steering.StatusOfAsync(HttpMethod.Get, "/api/resources/Default/pause"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await steering.StatusOfAsync(HttpMethod.Post, "/api/status"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await steering.StatusOfAsync(HttpMethod.Delete, "/health/live"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await steering.StatusOfAsync(HttpMethod.Post, "/metrics"));
    }

    private static async Task SendForEverAsync(TestClient client)
    {
        try
        {
            var line = new string('x', 60_000) + "\n";
            while (true) await client.SendAsync(line);
        }
        catch (IOException)
        {
            // Closed.
        }
    }

    private static Task<ServerProcess> StartAsync(string gate = "") => ServerProcess.StartTestHostAsync(Settings.Scripted(gate, Operator.Setting));
}
