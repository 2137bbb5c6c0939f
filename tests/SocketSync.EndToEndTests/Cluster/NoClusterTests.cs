namespace SocketSync.EndToEndTests;

/// <summary>A server that is alone pays nothing for the cluster.</summary>
public sealed class NoClusterTests
{
    [Fact]
    public async Task WithoutANodesNameNothingOfTheClusterIsLoaded()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "what a process has loaded is read from /proc");
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        using var client = await server.ConnectAsync();
        Assert.Equal("hello", await client.AskAsync("hello"));

        var loaded = await File.ReadAllTextAsync($"/proc/{server.Process.Id}/maps", TestContext.Current.CancellationToken);
        Assert.Contains("SocketSync.dll", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("Orleans", loaded, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("StackExchange", loaded, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Npgsql", loaded, StringComparison.OrdinalIgnoreCase);
    }
}
