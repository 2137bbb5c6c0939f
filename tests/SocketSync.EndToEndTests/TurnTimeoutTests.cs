using System.Net;

namespace SocketSync.EndToEndTests;

public sealed class TurnTimeoutTests
{
    private static readonly string Short = Settings.Scripted("""
        "TurnTimeout": "00:00:00.3"
        """);

    [Fact]
    public async Task IsToldAndTheNextIsServed()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Short);
        using var client = await server.ConnectAsync();
        await client.SendAsync("cancel\nnext\n");
        Assert.StartsWith("ERROR timeout ", await client.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal("next", await client.ReadLineAsync());
        await server.WaitForStatusAsync(s => s.Resource is { Failed: 1, Completed: 1, State: "Idle" });
    }

    [Fact]
    public async Task IsToldAtOnceWhileTheGateStaysShutUntilTheProcessorHasLeft()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Short);
        using var stuck = await server.ConnectAsync();
        using var waiter = await server.ConnectAsync();

        Assert.StartsWith("ERROR timeout ", await stuck.AskAsync("ignore key"), StringComparison.Ordinal);
        await TurnTests.WaitInLineAsync(server, waiter, "waiter", 1);
        var status = await server.WaitForStatusAsync(s => s.Resource.State == "Stuck");
        Assert.NotNull(status.Resource.Turn);
        await server.WaitForReadinessAsync(HttpStatusCode.ServiceUnavailable);
        using (var live = await server.Http.GetAsync(new Uri("/health/live", UriKind.Relative), TestContext.Current.CancellationToken))
            Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        var log = await server.StageAsync();
        Assert.Equal(["ignore key"], log.Begun);
        Assert.Equal(1, log.Inside);

        await server.ReleaseAsync("key");
        Assert.Equal("waiter", await waiter.ReadLineAsync());
        Assert.Equal("again", await stuck.AskAsync("again")); // And not the reply that came too late.
        Assert.Equal(0, (await server.StageAsync()).Overlaps);
        await server.WaitForReadinessAsync(HttpStatusCode.OK);
        await server.WaitForStatusAsync(s => s.Resource is { State: "Idle", Turn: null });
    }

    [Fact]
    public async Task IsToldAlsoWhenTheProcessorBlocksItsThread()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Short);
        using var client = await server.ConnectAsync();
        Assert.StartsWith("ERROR timeout ", await client.AskAsync("block key"), StringComparison.Ordinal);
        await server.WaitForReadinessAsync(HttpStatusCode.ServiceUnavailable);
        await server.ReleaseAsync("key");
        Assert.Equal("next", await client.AskAsync("next"));
    }

    [Fact]
    public async Task BoundsAConversation()
    {
        await using var server = await ServerProcess.StartTestHostAsync(ConverseTests.Converse("""
            "TurnTimeout": "00:00:00.3"
            """));
        using var silent = await server.ConnectAsync();
        using var next = await server.ConnectAsync();
        Assert.Equal("which program?", await silent.AskAsync("start"));
        Assert.Equal("which program?", await next.AskAsync("start"));
        Assert.StartsWith("ERROR timeout ", await silent.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Equal(0, (await server.StageAsync()).Overlaps);
    }
}
