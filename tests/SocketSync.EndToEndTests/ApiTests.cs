using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace SocketSync.EndToEndTests;

public sealed class ApiTests
{
    [Fact]
    public async Task ConnectionsTellsOfEachClient()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        using var holder = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        Assert.Equal("a", await holder.AskAsync("a"));
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await TurnTests.WaitInLineAsync(server, waiter, "waiter", 1);

        var entries = await new Operator(server).ConnectionsAsync();
        Assert.Equal(2, entries.Count);
        var ofHolder = entries.Single(e => e.GetProperty("remoteEndPoint").GetString() == $"{holder.Socket.LocalEndPoint}");
        var ofWaiter = entries.Single(e => e.GetProperty("remoteEndPoint").GetString() == $"{waiter.Socket.LocalEndPoint}");
        AssertNames(ofHolder, "id", "listener", "remoteEndPoint", "connectedAt", "requests", "waiting");
        Assert.Equal((await server.StatusAsync()).Resource.Turn!.ConnectionId, ofHolder.GetProperty("id").GetString());
        Assert.Equal("Default", ofHolder.GetProperty("listener").GetString());
        Assert.Equal(2, ofHolder.GetProperty("requests").GetInt64());
        Assert.False(ofHolder.GetProperty("waiting").GetBoolean());
        Assert.True(ofWaiter.GetProperty("waiting").GetBoolean());
        Assert.InRange(ofWaiter.GetProperty("connectedAt").GetDateTimeOffset(), DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddSeconds(1));

        await server.ReleaseAsync("key");
        await waiter.ReadLineAsync();
        holder.Dispose();
        await Poll.UntilAsync(async () => (await new Operator(server).ConnectionsAsync()).Count == 1, () => "one that has gone is still told of");
    }

    [Fact]
    public async Task EventsTellOfEachFinishedTurnInOrder()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted("\"TurnTimeout\": \"00:00:01\""));
        using var events = await EventReader.OpenAsync(server, "/api/events");
        Assert.Equal("text/event-stream", events.MediaType);
        using var holder = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        server.Expect(Settings.Thrown);
        await TurnTests.WaitInLineAsync(server, waiter, "throw", 1);
        await server.ReleaseAsync("key");
        Assert.Equal("hold key", await holder.ReadLineAsync());
        Assert.StartsWith("ERROR failed ", await waiter.ReadLineAsync(), StringComparison.Ordinal);
        Assert.StartsWith("ERROR timeout ", await holder.AskAsync("cancel"), StringComparison.Ordinal);

        var first = await NextAsync(events);
        var second = await NextAsync(events);
        var third = await NextAsync(events);
        AssertNames(first, "resource", "connectionId", "remoteEndPoint", "queuedAt", "startedAt", "endedAt", "outcome", "requestBytes", "replyBytes");
        Assert.Equal("Default", first.GetProperty("resource").GetString());
        Assert.Equal($"{holder.Socket.LocalEndPoint}", first.GetProperty("remoteEndPoint").GetString());
        Assert.Equal(["ok", "failed", "timeout"], new[] { first, second, third }.Select(e => e.GetProperty("outcome").GetString()), StringComparer.Ordinal);
        Assert.Equal([9, 6, 7], new[] { first, second, third }.Select(e => e.GetProperty("requestBytes").GetInt64()));
        Assert.Equal([9, 0, 0], new[] { first, second, third }.Select(e => e.GetProperty("replyBytes").GetInt64()));
        Assert.Equal(first.GetProperty("queuedAt").GetDateTimeOffset(), first.GetProperty("startedAt").GetDateTimeOffset());
        Assert.True(second.GetProperty("queuedAt").GetDateTimeOffset() < second.GetProperty("startedAt").GetDateTimeOffset());
        // One was begun when the one before it had ended; the two are told by different looks at the clock.
        Assert.True(second.GetProperty("startedAt").GetDateTimeOffset() > first.GetProperty("endedAt").GetDateTimeOffset().AddMilliseconds(-50));
        Assert.True(third.GetProperty("endedAt").GetDateTimeOffset() - third.GetProperty("startedAt").GetDateTimeOffset() > TimeSpan.FromSeconds(0.9));
    }

    [Fact]
    public async Task EventsCountTheBytesOfAConversation()
    {
        await using var server = await ServerProcess.StartTestHostAsync("""
            "Listeners": { "Default": { "Port": 0 } },
            "Resources": { "Default": { "Processor": "Converse", "Protocol": { "Name": "Line" } } }
            """);
        using var events = await EventReader.OpenAsync(server, "/api/events");
        using var client = await server.ConnectAsync();
        Assert.Equal("which program?", await client.AskAsync("start"));
        Assert.Equal("1: seven", await client.AskAsync("seven"));
        var turn = await NextAsync(events);
        Assert.Equal("start\nseven\n".Length, turn.GetProperty("requestBytes").GetInt64());
        Assert.Equal("which program?\n1: seven\n".Length, turn.GetProperty("replyBytes").GetInt64());
    }

    [Fact]
    public async Task ATraceHasTheBytesOfItsResourceInHex()
    {
        await using var server = await ServerProcess.StartAsync(Operator.Setting + """
            "Listeners": { "Default": { "Port": 0 }, "Other": { "Port": 0 } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" } }, "Other": { } }
            """);
        using var trace = await new Operator(server).TraceAsync();
        using var client = await server.ConnectAsync();
        using var other = await server.ConnectAsync("Other");
        await other.SendAsync("other");
        Assert.Equal("other", await other.ReadAsync(5));
        Assert.Equal("\u00ffab", await client.AskAsync("\u00ffab"));
        await client.AskAsync(new string('x', 5000));

        var entries = new List<JsonElement>();
        for (var i = 0; i < 4; i++) entries.Add(await NextAsync(trace));
        AssertNames(entries[0], "direction", "connectionId", "time", "bytes", "hex", "truncated");
        Assert.Equal(["request", "reply", "request", "reply"], entries.Select(e => e.GetProperty("direction").GetString()), StringComparer.Ordinal);
        Assert.Equal("ff61620a", entries[0].GetProperty("hex").GetString());
        Assert.Equal("ff61620a", entries[1].GetProperty("hex").GetString());
        Assert.False(entries[1].GetProperty("truncated").GetBoolean());
        Assert.Equal(5001, entries[2].GetProperty("bytes").GetInt64());
        Assert.Equal(2 * 4096, entries[2].GetProperty("hex").GetString()!.Length);
        Assert.True(entries[2].GetProperty("truncated").GetBoolean());
        Assert.Equal(await new Operator(server).IdOfAsync(client), entries[3].GetProperty("connectionId").GetString());
    }

    [Fact]
    public async Task StreamsDoNotHoldUpTheStop()
    {
        await using var server = await ServerProcess.StartAsync(Operator.Setting + Settings.EchoLines);
        using var events = await EventReader.OpenAsync(server, "/api/events");
        using var trace = await new Operator(server).TraceAsync();
        var watch = Stopwatch.StartNew();
        server.Process.Terminate();
        Assert.Null(await events.NextAsync());
        Assert.Null(await trace.NextAsync());
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"it took {watch.Elapsed}");
    }

    [Theory]
    [InlineData("/api/status")]
    [InlineData("/api/connections")]
    [InlineData("/health/live")]
    [InlineData("/metrics")]
    [InlineData("/api/nothing")]
    [InlineData("/api/resources/Default/trace")]
    public async Task EveryAnswerTellsBrowsersToMakeNothingOfIt(string path)
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        using var answer = await server.Http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal("nosniff", Single("X-Content-Type-Options"));
        Assert.Contains("no-store", Single("Cache-Control"), StringComparison.Ordinal);
        Assert.Equal("no-referrer", Single("Referrer-Policy"));
        Assert.Contains("frame-ancestors 'none'", Single("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.False(answer.Headers.Contains("Server"));

        string Single(string name) => Assert.Single(answer.Headers.GetValues(name));
    }

    private static async Task<JsonElement> NextAsync(EventReader events) =>
        await events.NextAsync() ?? throw new EndOfStreamException("the stream of events has ended");

    private static void AssertNames(JsonElement element, params string[] names) =>
        Assert.Equal(names.Order(StringComparer.Ordinal), element.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal));
}
