using System.Net;
using System.Text.Json;

namespace SocketSync.EndToEndTests;

public sealed class WatchingTests
{
    [Fact]
    public async Task TheStatusHasThePromisedShape()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        using var holder = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await TurnTests.WaitInLineAsync(server, waiter, "waiter", 1);

        using var document = JsonDocument.Parse(await GetAsync(server, "/api/status"));
        var resource = document.RootElement.GetProperty("resources").GetProperty("Default");
        AssertNames(resource, "processor", "state", "queueLength", "oldestWaitSeconds", "turn", "completed", "refused", "failed", "abandoned", "cached", "denied");
        AssertNames(resource.GetProperty("turn"), "connectionId", "remoteEndPoint", "heldSeconds");
        AssertNames(document.RootElement.GetProperty("listeners").GetProperty("Default"), "address", "port", "connections", "accepted", "rejected");
        Assert.Equal("Scripted", resource.GetProperty("processor").GetString());
        Assert.Equal($"{holder.Socket.LocalEndPoint}", resource.GetProperty("turn").GetProperty("remoteEndPoint").GetString());
        Assert.True(resource.GetProperty("oldestWaitSeconds").GetDouble() > 0);

        await server.ReleaseAsync("key");
        await waiter.ReadLineAsync();
        using var after = JsonDocument.Parse(await GetAsync(server, "/api/status"));
        Assert.Equal(JsonValueKind.Null, after.RootElement.GetProperty("resources").GetProperty("Default").GetProperty("turn").ValueKind);
    }

    [Fact]
    public async Task ReadinessTellsOfEachResourceAndIsDegradedWhileALineIsLong()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted("""
            "MaxQueue": 4
            """));
        var healthy = await GetAsync(server, "/health/ready");
        Assert.Contains("Healthy", healthy, StringComparison.Ordinal);
        Assert.Contains("Default", healthy, StringComparison.Ordinal);

        var clients = new List<TestClient>();
        for (var i = 0; i < 5; i++)
        {
            clients.Add(await server.ConnectAsync());
            if (i == 0)
            {
                await clients[0].SendAsync("hold key\n");
                await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
            }
            else
            {
                await TurnTests.WaitInLineAsync(server, clients[i], "waiter", i);
            }
        }

        await Poll.UntilAsync(
            async () => (await GetAsync(server, "/health/ready")).Contains("Degraded", StringComparison.Ordinal), () => "not degraded");
        await server.ReleaseAsync("key");
        await clients[4].ReadLineAsync();
        await Poll.UntilAsync(
            async () => (await GetAsync(server, "/health/ready")).Contains("Healthy", StringComparison.Ordinal), () => "not healthy again");
        clients.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task TheMetricsHaveThePromisedNamesAndNoTextOfAClient()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        using var holder = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        Assert.Equal("zebra\"} 1", await holder.AskAsync("zebra\"} 1"));
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        server.Expect(Settings.Thrown);
        await TurnTests.WaitInLineAsync(server, waiter, "throw zebra", 1);

        await server.WaitForMetricAsync(1, "socketsync_gate_queue_length", "resource=\"Default\"");
        await server.WaitForMetricAsync(2, "socketsync_connections_active", "listener=\"Default\"");
        var during = await server.MetricsAsync();
        Assert.Contains("# TYPE socketsync_connections_rejected_total counter", during, StringComparison.Ordinal);

        await server.ReleaseAsync("key");
        await waiter.ReadLineAsync();
        await holder.ReadLineAsync();
        await server.WaitForMetricAsync(2, "socketsync_requests_total", "resource=\"Default\"", "listener=\"Default\"", "outcome=\"ok\"");
        await server.WaitForMetricAsync(1, "socketsync_requests_total", "resource=\"Default\"", "listener=\"Default\"", "outcome=\"failed\"");
        await server.WaitForMetricAsync(3, "socketsync_turn_duration_seconds_count", "resource=\"Default\"");
        await server.WaitForMetricAsync(3, "socketsync_gate_wait_duration_seconds_count", "resource=\"Default\"");
        var after = await server.MetricsAsync();
        Assert.DoesNotContain("zebra", during + after, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", during + after, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Debug")]
    [InlineData("Information")]
    public async Task WhatAClientSendsForgesNoLogLine(string level)
    {
        await using var server = await ServerProcess.StartAsync(
            """
            "Listeners": { "Default": { "Port": 0 } }, "Resources": { "Default": { } }
            """,
            $$""" "MinimumLevel": { "Default": "{{level}}", "Override": { "Microsoft": "Warning" } } """);
        const string Forged = "\n[00:00:00 FTL] forged\r\n\u001b[31m{\"@l\":\"Fatal\"}";
        var request = Forged + new string('z', 200);
        using var client = await server.ConnectAsync();
        await client.SendAsync(request);
        Assert.Equal(request, await client.ReadAsync(request.Length));
        if (level == "Debug") await server.WaitForLogAsync("0A5B30303A"); // The first bytes of it, in hex.

        server.Process.Terminate();
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(10)));
        var log = server.Process.Log;
        Assert.DoesNotContain("forged", log, StringComparison.Ordinal);
        Assert.DoesNotContain("@l\":\"Fatal", log, StringComparison.Ordinal);
        Assert.DoesNotContain("[31m", log, StringComparison.Ordinal);
        Assert.DoesNotContain("zzz", log, StringComparison.Ordinal);
        Assert.DoesNotContain("7A7A7A7A7A7A7A7A7A7A7A7A7A7A7A7A7A7A7A7A7A7A7A7A", log, StringComparison.OrdinalIgnoreCase); // Beyond 64 bytes.
        if (level != "Debug") Assert.DoesNotContain("0A5B30303A", log, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task AnUnknownPathIsNotFoundAndALargeBodyIsRefused()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        var cancellation = TestContext.Current.CancellationToken;
        using var unknown = await server.Http.GetAsync(new Uri("/etc/passwd", UriKind.Relative), cancellation);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        using var posted = await server.Http.PostAsync(new Uri("/api/status", UriKind.Relative), new ByteArrayContent(new byte[4096]), cancellation);
        Assert.InRange((int)posted.StatusCode, 400, 499);
    }

    private static async Task<string> GetAsync(ServerProcess server, string path)
    {
        using var answer = await server.Http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private static void AssertNames(JsonElement element, params string[] names) =>
        Assert.Equal(names.Order(StringComparer.Ordinal), element.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
}
