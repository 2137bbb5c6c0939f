namespace SocketSync.EndToEndTests;

/// <summary>What the README shows of the first minutes, as printed but for the ports.</summary>
public sealed class ReadmeTests
{
    private static readonly string Readme = File.ReadAllText(Path.Combine(Recipe.Repository, "README.md"));

    [Fact]
    public async Task TheFirstReplyComes()
    {
        var commands = PrintedCommand.In(Chapter("First reply in a minute"));
        Assert.NotEmpty(commands);
        PrintedCommand.RequireTools(commands);
        var port = FreePort.Next();
        await using var server = await ServerProcess.StartFileAsync(
            File.ReadAllText(Path.Combine(Recipe.Repository, "appsettings.json")), folder: null, $"SocketSync:Listeners:Default:Port={port}");
        foreach (var command in commands) await command.AssertPrintsAsync(new Dictionary<int, int> { [56780] = port, [8080] = server.Http.BaseAddress!.Port });
    }

    [Fact]
    public async Task OneCommandSharesADevice()
    {
        var chapter = Chapter("Share a device");
        var commands = PrintedCommand.In(chapter);
        Assert.NotEmpty(commands);
        PrintedCommand.RequireTools(commands);
        await using var device = await new Recipe("README.md", chapter).SimulateAsync();
        var ports = new Dictionary<int, int> { [5022] = device.Port, [5025] = FreePort.Next() };
        const string Relay = PrintedCommand.Server + " relay ";
        var relay = Assert.Single(chapter.Split('\n'), line => line.StartsWith(Relay, StringComparison.Ordinal))[PrintedCommand.Server.Length..];
        await using var server = new ChildProcess(
            "dotnet",
            [ServerProcess.Assembly("ServerAssembly"), .. PrintedCommand.WithPorts(relay, ports).Split(' ', StringSplitOptions.RemoveEmptyEntries), $"--urls=http://127.0.0.1:{FreePort.Next()}"]);
        await Poll.UntilAsync(() => server.Log.Contains("Listening: ", StringComparison.Ordinal), $"it does not listen: {server.Log}");
        foreach (var command in commands) await command.AssertPrintsAsync(ports);
        server.Terminate();
        Assert.Equal(0, await server.ExitAsync(TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public async Task TheFileIsAccepted()
    {
        using var files = new TestFiles();
        var file = files.Write("inverter.json", new Recipe("README.md", Chapter("Share a device")).Json);
        await using var check = new ChildProcess("dotnet", [ServerProcess.Assembly("ServerAssembly"), "check", "--config", file]);
        Assert.True(await check.ExitAsync(TimeSpan.FromSeconds(20)) == 0, check.Log);
    }

    private static string Chapter(string heading) =>
        Readme.Split("\n## ").Single(text => text.StartsWith(heading + "\n", StringComparison.Ordinal));
}
