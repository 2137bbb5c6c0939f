using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>A running server, watched and steered from a shell.</summary>
public sealed class StatusCommandTests
{
    private static string Server => ServerProcess.Assembly("ServerAssembly");

    [Fact]
    public async Task APipeGetsALineForEachResource()
    {
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        using (var client = await server.ConnectAsync()) await client.AskAsync("one");
        await using var status = await RunAsync(0, "status", "--url", Url(server));
        Assert.Matches("^RESOURCE +STATE +TURN +WAITING +LINK +ANSWERED +REFUSED +FAILED *$", status.Output[0]);
        Assert.Matches("^Default +Idle +- +- +- +1 +0 +0 *$", status.Output[1]);
        Assert.DoesNotContain('\u001b', status.Log);
        await using var json = await RunAsync(0, "status", "--json", "--url", Url(server));
        Assert.Contains("\"completed\":1", json.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ATerminalIsKeptLiveUntilCtrlCAndToldWhenTheServerIsGone()
    {
        Tool.Require("script");
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        // A terminal of its own, 130 columns wide; whatever the program writes there comes out here. Who runs the tests may ignore Ctrl-C.
        await using var terminal = new ChildProcess("script", ["-q", "-c", $"stty cols 130 rows 40; exec env --default-signal=INT dotnet {Server} status --watch --url {Url(server)}", "/dev/null"]);
        await WaitForAsync(terminal, "Idle");
        await WaitForAsync(terminal, "PER SECOND");
        server.Process.Terminate();
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(10)));
        await WaitForAsync(terminal, "shown is what it said");
        await terminal.Input.WriteAsync('\u0003'); // Ctrl-C, to the terminal
        await terminal.Input.FlushAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, await terminal.ExitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task AnOperatorSteersFromAShell()
    {
        await using var server = await ServerProcess.StartAsync(Operator.Setting + Settings.EchoLines);
        using var files = new TestFiles();
        var token = files.Write("token", Operator.Token + "\n");
        using var client = await server.ConnectAsync();
        Assert.Equal("before", await client.AskAsync("before"));

        await using (await RunAsync(0, "pause", "Default", "--url", Url(server), "--token-file", token))
            await server.WaitForStatusAsync(status => status.Resource.State == "Paused");
        await client.SendAsync("while\n");
        await server.WaitForStatusAsync(status => status.Resource.QueueLength == 1);
        await using (await RunAsync(0, "resume", "default", "--url", Url(server), "--token-file", token))
            Assert.Equal("while", await client.ReadLineAsync());

        await using (var nobody = await RunAsync(1, "pause", "Nobody", "--url", Url(server), "--token-file", token))
            Assert.Equal("Nobody: There is no such resource.", Assert.Single(nobody.Errors));
        await using (var wrong = await RunAsync(1, "pause", "Default", "--url", Url(server), "--token-file", files.Write("wrong", "nonsense")))
            Assert.Single(wrong.Errors);

        var id = Assert.Single(await ConnectionsAsync(server));
        await using (await RunAsync(0, "close", id, "--url", Url(server), "--token-file", token))
            await Poll.UntilAsync(async () => (await ConnectionsAsync(server)).Count == 0, () => "it is still connected");
    }

    [Theory]
    [InlineData(2, "status", "--url", "nonsense")]
    [InlineData(2, "status", "--watch", "--json")]
    [InlineData(2, "status", "--watch")] // no terminal
    [InlineData(2, "status", "extra")]
    [InlineData(1, "status", "--url", "http://127.0.0.1:1")]
    [InlineData(2, "pause", "Default")] // no token
    [InlineData(2, "resume")]
    [InlineData(2, "close", "x", "--token-file", "/nowhere/token")]
    public async Task AMistakeIsOneLine(int code, params string[] arguments)
    {
        await using var process = await RunAsync(code, arguments);
        Assert.Single(process.Errors);
        Assert.Empty(process.Output);
    }

    private static async Task<ChildProcess> RunAsync(int code, params string[] arguments)
    {
        var process = new ChildProcess("dotnet", [Server, .. arguments]);
        Assert.True(await process.ExitAsync(TimeSpan.FromSeconds(20)) == code, process.Log);
        return process;
    }

    private static Task WaitForAsync(ChildProcess terminal, string words) =>
        Poll.UntilAsync(() => Task.FromResult(terminal.Log.Contains(words, StringComparison.Ordinal)), () => $"'{words}' in:\n{terminal.Log}");

    private static async Task<List<string>> ConnectionsAsync(ServerProcess server)
    {
        using var list = JsonDocument.Parse(await server.Http.GetStringAsync(new Uri("/api/connections", UriKind.Relative), TestContext.Current.CancellationToken));
        return [.. list.RootElement.EnumerateArray().Select(entry => entry.GetProperty("id").GetString()!)];
    }

    private static string Url(ServerProcess server) => server.Http.BaseAddress!.ToString();
}
