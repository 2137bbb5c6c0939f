using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

public sealed class UnixSocketTests
{
    [Fact]
    public async Task ServesAndTakesTheFileAway()
    {
        using var files = new TestFiles();
        await using var server = await ServerProcess.StartAsync(At(files["gate"]));
        using var client = await TestClient.ConnectAsync(new UnixDomainSocketEndPoint(files["gate"]));
        Assert.Equal("a", await client.AskAsync("a"));
        Assert.DoesNotContain("http://unix:", server.Process.Log, StringComparison.Ordinal); // It is none of HTTP's.
        server.Process.Terminate();
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(5)));
        Assert.False(Path.Exists(files["gate"]));
    }

    [Fact]
    public async Task ReplacesWhatACrashLeft()
    {
        using var files = new TestFiles();
        await using (var crashed = await ServerProcess.StartAsync(At(files["gate"])))
        {
            crashed.Process.Crash();
            await crashed.Process.ExitAsync(TimeSpan.FromSeconds(5));
        }

        Assert.True(Path.Exists(files["gate"]));
        await using var server = await ServerProcess.StartAsync(At(files["gate"]));
        using var client = await TestClient.ConnectAsync(new UnixDomainSocketEndPoint(files["gate"]));
        Assert.Equal("a", await client.AskAsync("a"));
    }

    [Fact]
    public async Task RefusesOneThatIsInUse()
    {
        using var files = new TestFiles();
        await using var first = await ServerProcess.StartAsync(At(files["gate"]));
        using (var config = new TestFiles())
        {
            await using var second = FailedStart.Launch(config.Write("config.json", ServerProcess.WholeFile(At(files["gate"]))));
            await FailedStart.AssertRefusedAsync(second, files["gate"]);
        }

        using var client = await TestClient.ConnectAsync(new UnixDomainSocketEndPoint(files["gate"]));
        Assert.Equal("a", await client.AskAsync("a"));
    }

    [Fact]
    public async Task LeavesAFileThatIsNoSocketAlone()
    {
        using var files = new TestFiles();
        files.Write("gate", "somebody's letters");
        await using var server = FailedStart.Launch(files.Write("config.json", ServerProcess.WholeFile(At(files["gate"]))));
        await FailedStart.AssertRefusedAsync(server, files["gate"]);
        Assert.Equal("somebody's letters", await File.ReadAllTextAsync(files["gate"], TestContext.Current.CancellationToken));
    }

    private static string At(string path) => $$"""
        "Listeners": { "Default": { "UnixSocket": "{{path}}" } },
        "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
        """;
}
