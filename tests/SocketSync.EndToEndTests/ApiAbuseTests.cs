using System.Diagnostics;
using System.Net;

namespace SocketSync.EndToEndTests;

/// <summary>Whatever comes in over HTTP, clients are served, and afterwards all is as before.</summary>
[Collection(HeavyTests.Name)]
public sealed class ApiAbuseTests
{
    private const int MaxReaders = 32;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ALargeBodyIsRefused(bool chunked)
    {
        await using var server = await ServerProcess.StartAsync(Operator.Setting + Settings.EchoLines);
        (string Method, string Path)[] requests = [("POST", "/api/resources/Default/pause"), ("DELETE", "/api/connections/x"), ("GET", "/api/status"), ("GET", "/api/connections")];
        foreach (var (method, path) in requests)
        {
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await SendBodyAsync(server, method, path, 1025, chunked));
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, await SendBodyAsync(server, method, path, 300_000, chunked));
        }

        Assert.Equal("Idle", (await server.StatusAsync()).Resource.State);
        // In chunks, their headers count too.
        Assert.Equal(HttpStatusCode.NoContent, await SendBodyAsync(server, "POST", "/api/resources/Default/pause", chunked ? 1000 : 1024, chunked));
    }

    [Fact]
    public async Task ManyAndLargeHeadersAreRefused()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        foreach (var (headers, status) in new[] { (Headers(100, 10), "431"), (Headers(10, 3000), "431"), (Headers(10, 10), "200") })
        {
            using var http = await ConnectHttpAsync(server);
            await http.SendAsync($"GET /health/live HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
            Assert.StartsWith($"HTTP/1.1 {status} ", await http.ReadLineAsync(), StringComparison.Ordinal);
        }

        using var longLine = await ConnectHttpAsync(server);
        await longLine.SendAsync($"GET /{new string('a', 5000)} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 414 ", await longLine.ReadLineAsync(), StringComparison.Ordinal);

        static string Headers(int count, int length) => string.Concat(Enumerable.Range(0, count).Select(i => $"X-{i}: {new string('x', length)}\r\n"));
    }

    [Fact]
    public async Task WrongTokensByTheThousandAreNoFloodOfLinesAndCostNoTurn()
    {
        await using var server = await ServerProcess.StartAsync(Operator.Setting + Settings.EchoLines);
        var watch = Stopwatch.StartNew();
        await WhileServedAsync(server, () => Task.WhenAll(Enumerable.Range(0, 16).Select(async lane =>
        {
            for (var i = 0; i < 250; i++)
                Assert.Equal(HttpStatusCode.Unauthorized, await new Operator(server, $"wrong-one-{lane}-{i}").PauseAsync());
        })));

        var lines = server.Process.Log.Split('\n').Count(line => line.Contains("refused to let 127.0.0.1 steer", StringComparison.Ordinal));
        Assert.InRange(lines, 1, 1 + (int)(watch.Elapsed.TotalSeconds / 10));
        Assert.DoesNotContain("wrong-one", server.Process.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HalfRequestsAreEndedAndHoldNobodyUp()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        var halves = new List<TestClient>();
        await WhileServedAsync(server, async () =>
        {
            for (var i = 0; i < 100; i++)
            {
                halves.Add(await ConnectHttpAsync(server));
                await halves[i].SendAsync(i % 2 == 0 ? "GET /api/status HTTP/1.1\r\nHost: localhost\r\nX-Half: " : "POST /api/resources/Default/pause HT");
            }

            Assert.Equal(HttpStatusCode.OK, await server.ReadinessAsync());
            foreach (var half in halves) Assert.StartsWith("HTTP/1.1 408 ", await half.WaitForCloseAsync(), StringComparison.Ordinal);
        });
        halves.ForEach(half => half.Dispose());
    }

    [Fact]
    public async Task ReadersOfEventsThatStallAreDroppedAndTurnsGoOn()
    {
        await using var server = await ServerProcess.StartAsync(Operator.Setting + Settings.EchoLines);
        var before = 0L;
        var crowd = new List<TestClient>();
        await WhileServedAsync(server, async () =>
        {
            using var events = await EventReader.OpenAsync(server, "/api/events");
            // What events take when they are read: the runtime collects the less often, the larger the processor's cache is.
            for (var i = 0; i < 50_000; i++) Assert.NotNull(await events.NextAsync());
            before = server.Process.ResidentBytes;
            var statuses = new List<string>();
            for (var i = 0; i < 200; i++)
            {
                crowd.Add(await ConnectHttpAsync(server, receiveBuffer: 4096));
                await crowd[i].SendAsync("GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
                statuses.Add((await crowd[i].ReadLineAsync())!.Split(' ')[1]);
            }

            Assert.Equal(MaxReaders - 1, statuses.Count(status => status == "200"));
            Assert.Equal(201 - MaxReaders, statuses.Count(status => status == "503"));

            // None of them reads on. The one that does gets its events, and the others' places are free again.
            var seen = 0;
            EventReader? late = null;
            await Poll.UntilAsync(
                async () =>
                {
                    Assert.Equal("ok", (await events.NextAsync())!.Value.TryGetProperty("outcome", out var outcome) ? outcome.GetString() : "ok");
                    return ++seen % 100 == 0 && (late = await TryOpenAsync(server)) is not null;
                },
                () => $"after {seen} events the stalled readers are still there",
                TimeSpan.FromSeconds(60));
            using (late) Assert.NotNull(await late!.NextAsync());
        });

        crowd.ForEach(reader => reader.Dispose());
        var all = new List<EventReader>();
        await Poll.UntilAsync(
            async () =>
            {
                if (await TryOpenAsync(server) is { } reader) all.Add(reader);
                return all.Count == MaxReaders;
            },
            () => $"only {all.Count} new readers are let in");
        all.ForEach(reader => reader.Dispose());
        Assert.InRange(server.Process.ResidentBytes, 0, before + (96 << 20));
    }

    /// <summary>A client is served all the while, and afterwards the status is as ever.</summary>
    private static async Task WhileServedAsync(ServerProcess server, Func<Task> abuse)
    {
        using var client = await server.ConnectAsync();
        using var ended = new CancellationTokenSource();
        var served = ServeAsync();
        try
        {
            await abuse();
        }
        finally
        {
            await ended.CancelAsync();
        }

        Assert.True(await served > 0);
        Assert.Equal(HttpStatusCode.OK, await server.ReadinessAsync());
        var status = await server.WaitForStatusAsync(s => s.Resource is { Turn: null, QueueLength: 0 });
        Assert.True(status.Resource is { State: "Idle", Refused: 0, Failed: 0, Abandoned: 0 }, $"{status}");

        async Task<int> ServeAsync()
        {
            await Task.Yield();
            for (var i = 0; ; i += 100)
            {
                if (ended.IsCancellationRequested) return i;
                await client.SendAsync(string.Concat(Enumerable.Range(i, 100).Select(n => $"{n}\n")));
                for (var n = i; n < i + 100; n++) Assert.Equal($"{n}", await client.ReadLineAsync());
            }
        }
    }

    private static async Task<EventReader?> TryOpenAsync(ServerProcess server)
    {
        try
        {
            return await EventReader.OpenAsync(server, "/api/events");
        }
        catch (HttpRequestException error) when (error.StatusCode == HttpStatusCode.ServiceUnavailable)
        {
            return null;
        }
    }

    private static Task<TestClient> ConnectHttpAsync(ServerProcess server, int receiveBuffer = 0) =>
        TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Http.BaseAddress!.Port), receiveBuffer);

    private static async Task<HttpStatusCode> SendBodyAsync(ServerProcess server, string method, string path, int bytes, bool chunked)
    {
        using var http = await ConnectHttpAsync(server);
        var head = $"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {Operator.Token}\r\n";
        var body = new string('x', bytes);
        await http.SendAsync(chunked
            ? $"{head}Transfer-Encoding: chunked\r\n\r\n{bytes:x}\r\n{body}\r\n0\r\n\r\n"
            : $"{head}Content-Length: {bytes}\r\n\r\n{body}");
        return (HttpStatusCode)int.Parse((await http.ReadLineAsync())!.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }
}
