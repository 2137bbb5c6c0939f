namespace SocketSync.EndToEndTests;

public sealed class CommandTests
{
    private static readonly string Server = ServerProcess.Assembly("ServerAssembly");
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task RunsFromAnyFolderWithTheShippedFile()
    {
        using var files = new TestFiles();
        files.Write("appsettings.json", """{ "SocketSync": { "NotThisOne": true } }"""); // Of whoever works in that folder.
        await using var server = new ChildProcess(
            "dotnet", [Server, "--SocketSync:Listeners:Default:Port=0", $"--urls=http://127.0.0.1:{FreePort.Next()}"], files.Folder);
        await WaitForOutputAsync(server, "Default");
        server.Terminate();
        Assert.Equal(0, await server.ExitAsync(Soon));
    }

    [Fact]
    public async Task EnvironmentAndCommandLineOverrideTheFile()
    {
        using var files = new TestFiles();
        files.Write("my.json", ServerProcess.WholeFile(Settings.EchoLines));
        var (fromEnvironment, fromCommandLine) = (FreePort.Next(), FreePort.Next());
        await using var server = new ChildProcess(
            "dotnet",
            [Server, "--config", "my.json", $"--SocketSync:Listeners:Second:Port={fromCommandLine}", $"--urls=http://127.0.0.1:{FreePort.Next()}"],
            files.Folder,
            new(StringComparer.Ordinal)
            {
                ["SocketSync__Listeners__Default__Port"] = $"{fromEnvironment}",
                ["SocketSync__Listeners__Second__Port"] = "70000",
                ["SocketSync__Listeners__Second__Resource"] = "Default",
            });
        await WaitForOutputAsync(server, $"{fromEnvironment}");
        foreach (var port in (int[])[fromEnvironment, fromCommandLine])
        {
            using var client = await TestClient.ConnectAsync(port);
            Assert.Equal("a", await client.AskAsync("a"));
        }
    }

    [Fact]
    public async Task SaysInOneLineThatAllIsBound()
    {
        var ports = (FreePort.Next(), FreePort.Next());
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Port": {{ports.Item1}} }, "Second": { "Port": {{ports.Item2}}, "Resource": "Default" } },
            "Resources": { "Default": { } }
            """);
        Assert.Single(server.Process.Output, line =>
            line.Contains($"{ports.Item1}", StringComparison.Ordinal) && line.Contains($"{ports.Item2}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task CheckTellsWhatWouldRun()
    {
        using var files = new TestFiles();
        var config = files.Write("config.json", ServerProcess.WholeFile("""
            "Listeners": { "Front": { "Port": 45678, "Resource": "Thing" } }, "Resources": { "Thing": { "Processor": "Echo" } }
            """));
        await using var check = new ChildProcess("dotnet", [Server, "check", "--config", config]);
        Assert.Equal(0, await check.ExitAsync(Soon));
        foreach (var word in (string[])["Front", "45678", "Thing", "Echo"])
            Assert.Contains(word, string.Join('\n', check.Output), StringComparison.Ordinal);
        Assert.Empty(check.Errors);
    }

    [Fact]
    public async Task TheShippedFileIsAnEchoOnItsPortAndHttpOn8080()
    {
        await using var check = new ChildProcess("dotnet", [Server, "check"]);
        Assert.Equal(0, await check.ExitAsync(Soon));
        foreach (var word in (string[])["56780", "Echo", "Raw", "localhost:8080"])
            Assert.Contains(word, string.Join('\n', check.Output), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CheckTellsWhatIsWrong()
    {
        using var files = new TestFiles();
        var config = files.Write("config.json", ServerProcess.WholeFile("""
            "Listeners": { "Default": { "Port": 70000 } }, "Resources": { "Default": { } }
            """));
        await using var check = new ChildProcess("dotnet", [Server, "check", "--config", config]);
        await FailedStart.AssertRefusedAsync(check, "SocketSync:Listeners:Default:Port", "70000", "65535");
    }

    [Fact]
    public async Task CheckNeedsNoFreePort()
    {
        var port = FreePort.Next();
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Port": {{port}} } }, "Resources": { "Default": { } }
            """);
        using var files = new TestFiles();
        var config = files.Write("config.json", ServerProcess.WholeFile($$"""
            "Listeners": { "Default": { "Port": {{port}} } }, "Resources": { "Default": { } }
            """));
        await using var check = new ChildProcess("dotnet", [Server, "check", "--config", config]);
        Assert.Equal(0, await check.ExitAsync(Soon));
    }

    [Fact]
    public async Task HealthcheckFollowsReadiness()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings.Scripted("""
            "TurnTimeout": "00:00:02"
            """)); // long enough for the processor to be called: a turn that is over before that leaves nobody inside
        var url = new Uri(server.Http.BaseAddress!, "/health/ready").ToString();
        await AssertHealthcheckAsync(0, "--url", url);

        using var client = await server.ConnectAsync();
        Assert.StartsWith("ERROR timeout", await client.AskAsync("ignore key"), StringComparison.Ordinal);
        await server.WaitForReadinessAsync(System.Net.HttpStatusCode.ServiceUnavailable);
        await AssertHealthcheckAsync(1, "--url", url);
        await server.ReleaseAsync("key");
    }

    [Fact]
    public Task HealthcheckFailsWhereNobodyListens() =>
        AssertHealthcheckAsync(1, "--url", $"http://127.0.0.1:{FreePort.Next()}/health/ready");

    private static async Task AssertHealthcheckAsync(int expected, params string[] arguments)
    {
        await using var check = new ChildProcess("dotnet", [Server, "healthcheck", .. arguments]);
        var exitCode = await check.ExitAsync(Soon);
        Assert.True(exitCode == expected, $"exit code {exitCode}:\n{check.Log}");
        Assert.DoesNotContain("   at ", check.Log, StringComparison.Ordinal);
    }

    private static Task WaitForOutputAsync(ChildProcess server, string text) => Poll.UntilAsync(
        () => Task.FromResult(server.Output.Any(line => line.Contains(text, StringComparison.Ordinal))),
        () => $"'{text}' in:\n{server.Log}");
}
