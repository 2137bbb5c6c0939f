using System.Net;

namespace SocketSync.EndToEndTests;

/// <summary>A user's processor that blocks costs its own resource its turn, and nobody else anything.</summary>
[Collection(HeavyTests.Name)]
public sealed class BlockingProcessorTests
{
    private const int Probes = 200;
    private const int Clients = 4;
    private const int RequestsEach = 1000;

    // As in the shipped server, where one thread moves the bytes of all: what blocked there would stop everything.
    private static readonly Dictionary<string, string> OneThread = new(StringComparer.Ordinal)
    {
        ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1",
        ["DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT"] = "1",
    };

    [Theory]
    [InlineData("sleep"), InlineData("block"), InlineData("spin")]
    public async Task HealthAnswersAndOthersAreServedWhileItIsInside(string how)
    {
        await using var server = await ServerProcess.StartTestHostAsync(Resources(["Default"]), OneThread);
        using var blocked = await server.ConnectAsync();
        await blocked.SendAsync($"{how} key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        var turn = (await server.StatusAsync()).Resource.Turn!.ConnectionId;

        await AssertLiveAsync(server);
        await AssertServesAsync(server);
        Assert.Equal(turn, (await server.StatusAsync()).Resource.Turn?.ConnectionId);

        // Its own clients are taken in; one may wait, and is told when it has waited too long.
        using var waiting = await server.ConnectAsync();
        using var refused = await server.ConnectAsync();
        await waiting.SendAsync("waiting\n");
        await server.WaitForStatusAsync(s => s.Resource is { QueueLength: 1 } or { Refused: 1 });
        Assert.StartsWith("ERROR busy ", await refused.AskAsync("refused"), StringComparison.Ordinal);
        Assert.StartsWith("ERROR busy ", await waiting.ReadLineAsync(), StringComparison.Ordinal);

        var log = await server.StageAsync();
        Assert.Equal([$"{how} key"], log.Begun);
        Assert.Empty(log.Ended);
        Assert.Equal(turn, (await server.StatusAsync()).Resource.Turn?.ConnectionId);
        await server.ReleaseAsync("key");
        Assert.Equal($"{how} key", await blocked.ReadLineAsync());
        Assert.Equal("next", await waiting.AskAsync("next"));
        await server.WaitForStatusAsync(s => s.Resource is { Turn: null, Completed: 2, Refused: 2, Failed: 0 });
    }

    [Fact]
    public async Task ManyAtOnceDoNotTakeTheThreadsOfHealthAndOfTheOthers()
    {
        string[] names = [.. Enumerable.Range(0, 8).Select(i => $"Blocked{i}")];
        await using var server = await ServerProcess.StartTestHostAsync(Resources(names), OneThread);
        var clients = await Task.WhenAll(names.Select(name => server.ConnectAsync(name)));
        foreach (var client in clients) await client.SendAsync("sleep key\n");
        await server.WaitForStatusAsync(s => names.All(name => s.Resources[name].Turn is not null));

        await AssertLiveAsync(server);
        await AssertServesAsync(server);
        Assert.Empty((await server.StageAsync()).Ended);

        await server.ReleaseAsync("key");
        foreach (var client in clients) Assert.Equal("sleep key", await client.ReadLineAsync());
        Array.ForEach(clients, client => client.Dispose());
    }

    private static async Task AssertLiveAsync(ServerProcess server)
    {
        for (var i = 0; i < Probes; i++)
        {
            using var answer = await server.Http.GetAsync(new Uri("/health/live", UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }
    }

    private static async Task AssertServesAsync(ServerProcess server)
    {
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async id =>
        {
            using var client = await server.ConnectAsync("Other");
            for (var i = 0; i < RequestsEach; i++) Assert.Equal($"{id} {i}", await client.AskAsync($"{id} {i}"));
        }));
        Assert.Equal(Clients * RequestsEach, (await server.StatusAsync()).Resources["Other"].Completed);
    }

    /// <summary>Resources that the test host's processor serves, each with a listener, and one beside them that echoes.</summary>
    private static string Resources(string[] names) => $$"""
        "Listeners": { {{string.Join(", ", names.Append("Other").Select(name => $$"""
            "{{name}}": { "Port": 0 }
            """))}} },
        "Resources": {
          {{string.Concat(names.Select(name => $$"""
            "{{name}}": {
              "Processor": "Scripted", "Protocol": { "Name": "Line" },
              "Gate": { "TurnTimeout": "00:05:00", "MaxQueue": 1, "WaitTimeout": "00:00:01" }
            },
            """))}}
          "Other": { "Protocol": { "Name": "Line" } }
        }
        """;
}
