using System.Diagnostics;
using System.Net;

namespace SocketSync.EndToEndTests;

/// <summary>Those who connect to HTTP and ask nothing keep out nobody who does.</summary>
[Collection(HeavyTests.Name)]
public sealed class SilentHttpTests
{
    private const string Head = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n";

    /// <summary>What they have sent, each the next of these.</summary>
    private static readonly string[] Sent = ["", "G", Head + "\r\n", Head + "X-Half: ", "", "POST /api/resources/Default/pause HT", Head + "\r\nGET", Head + "Content-Length: 9\r\n\r\nhalf"];

    [Theory]
    [InlineData(300)]
    [InlineData(2000)]
    public async Task HealthAnswersHoweverManyThereAre(int count)
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        var bound = await UndisturbedAsync(server);
        var before = await FilesAsync(server);
        var silent = new List<TestClient>();
        using var ended = new CancellationTokenSource();
        var probes = Task.WhenAll(ProbeAsync(server, "/health/live", bound, ended.Token), ProbeAsync(server, "/health/ready", bound, ended.Token));
        using var client = await server.ConnectAsync();
        try
        {
            for (var i = 0; i < count; i++) silent.Add(await ConnectAsync(server, i));
            Assert.Equal("a", await client.AskAsync("a"));
            // None of them is left alone for ever; while they are there health is asked all the time.
            foreach (var one in silent) await one.WaitForCloseAsync();
            Assert.Equal("b", await client.AskAsync("b"));
        }
        finally
        {
            await ended.CancelAsync();
        }

        Assert.All(await probes, answers => Assert.True(answers > 100, $"{answers} answers"));
        client.Dispose();
        await Poll.UntilAsync(() => server.Process.OpenFiles <= before, $"no more than {before} descriptors are open");
        silent.ForEach(one => one.Dispose());
    }

    [Fact]
    public async Task WhereFewMayBeOpenTheLongestSilentGiveWay()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines, openFiles: 512);
        var bound = await UndisturbedAsync(server);
        using var events = await EventReader.OpenAsync(server, "/api/events");
        using var client = await server.ConnectAsync();
        var silent = new List<TestClient>();
        for (var i = 0; i < 1000; i++)
        {
            silent.Add(await ConnectAsync(server, i));
            if (i % 50 > 0) continue;
            await AskAsync(server, "/health/live", bound);
            await AskAsync(server, "/health/ready", bound);
        }

        // Who is served is not among them.
        Assert.Equal("a", await client.AskAsync("a"));
        Assert.Equal("ok", (await events.NextAsync())!.Value.GetProperty("outcome").GetString());
        silent.ForEach(one => one.Dispose());
        Assert.Contains("HTTP: ", server.Process.Log, StringComparison.Ordinal);
    }

    private static async Task<TestClient> ConnectAsync(ServerProcess server, int number)
    {
        var client = await TestClient.ConnectAsync(server.Http.BaseAddress!.Port);
        await client.SendAsync(Sent[number % Sent.Length]);
        return client;
    }

    /// <summary>What a probe may take, by how long it takes where nobody disturbs it.</summary>
    private static async Task<TimeSpan> UndisturbedAsync(ServerProcess server)
    {
        var slowest = TimeSpan.Zero;
        for (var i = 0; i < 50; i++)
        {
            var live = await AskAsync(server, "/health/live", TimeSpan.FromSeconds(10));
            var ready = await AskAsync(server, "/health/ready", TimeSpan.FromSeconds(10));
            if (i > 5) slowest = new[] { slowest, live, ready }.Max();
        }

        return slowest * 20 + TimeSpan.FromMilliseconds(250);
    }

    private static async Task<int> ProbeAsync(ServerProcess server, string path, TimeSpan bound, CancellationToken ended)
    {
        for (var i = 0; ; i++)
        {
            if (ended.IsCancellationRequested) return i;
            await AskAsync(server, path, bound);
        }
    }

    /// <summary>Asks on a connection of its own, as a probe does.</summary>
    private static async Task<TimeSpan> AskAsync(ServerProcess server, string path, TimeSpan bound)
    {
        using var http = new HttpClient { BaseAddress = server.Http.BaseAddress, Timeout = TimeSpan.FromSeconds(10) };
        var watch = Stopwatch.StartNew();
        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(watch.Elapsed < bound, $"{path} took {watch.Elapsed}, which is more than {bound}");
        return watch.Elapsed;
    }

    /// <summary>How many are open when nobody is connected, the test's own client neither.</summary>
    private static async Task<int> FilesAsync(ServerProcess server)
    {
        var least = server.Process.OpenFiles;
        var since = Stopwatch.StartNew();
        await Poll.UntilAsync(
            () =>
            {
                if (server.Process.OpenFiles is var now && now < least) (least, since) = (now, Stopwatch.StartNew());
                return Task.FromResult(since.Elapsed > TimeSpan.FromSeconds(1));
            },
            () => "descriptors are still closed");
        return least;
    }
}
