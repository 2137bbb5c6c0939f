using System.Diagnostics;
using System.Net;

namespace SocketSync.EndToEndTests;

[Collection(HeavyTests.Name)]
public sealed class DescriptorTests
{
    [Theory]
    [InlineData(256)]
    [InlineData(512)]
    public async Task RunningOutOfThemEndsNothingAndBurnsNothing(int openFiles)
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines, openFiles: openFiles);
        var port = (await server.StatusAsync()).Listener.Port;
        using var served = await TestClient.ConnectAsync(port);
        Assert.Equal("before", await served.AskAsync("before"));

        var clients = new List<TestClient>();
        for (var i = 0; i < 400; i++) clients.Add(await TestClient.ConnectAsync(port));
        // All that the server will take for now.
        long accepted = 0;
        await Poll.UntilAsync(
            async () =>
            {
                var before = accepted;
                accepted = (await server.StatusAsync()).Listener.Accepted;
                return accepted == before && accepted > 0;
            },
            () => $"{accepted} connections were accepted");

        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(HttpStatusCode.OK, await server.ReadinessAsync());
            Assert.Equal(HttpStatusCode.OK, await LiveOnAFreshConnectionAsync(server));
            Assert.Equal("during", await served.AskAsync("during"));
        }

        // Nobody asks now: what it uses it burns.
        var watch = Stopwatch.StartNew();
        var used = server.Process.ProcessorTime;
        await Task.Delay(TimeSpan.FromSeconds(2), TestContext.Current.CancellationToken);
        var share = (server.Process.ProcessorTime - used) / watch.Elapsed;
        TestContext.Current.TestOutputHelper?.WriteLine($"{share:P1} of a core");
        Assert.True(share < 0.15, $"it used {share:P0} of a core while it had nothing to do");
        Assert.False(server.Process.HasExited);

        clients.ForEach(c => c.Dispose());
        await server.WaitForStatusAsync(s => s.Listener.Connections == 1);
        // Their descriptors are given back a moment after they have left the status.
        await Poll.UntilAsync(
            async () =>
            {
                using var after = await TestClient.ConnectAsync(port);
                return await after.AskAsync("after") == "after";
            },
            () => "a client is served again");
    }

    private static async Task<HttpStatusCode> LiveOnAFreshConnectionAsync(ServerProcess server)
    {
        using var http = new HttpClient { BaseAddress = server.Http.BaseAddress, Timeout = TimeSpan.FromSeconds(5) };
        using var answer = await http.GetAsync(new Uri("/health/live", UriKind.Relative), TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}
