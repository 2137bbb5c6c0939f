namespace SocketSync.EndToEndTests;

/// <summary>The fixture tells of what a server does wrong.</summary>
public sealed class FixtureTests
{
    private const int User1 = 10;
    private const int Kill = 9;

    [Fact]
    public async Task ALoggedErrorFailsTheTest()
    {
        var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        using (var client = await server.ConnectAsync()) Assert.StartsWith("ERROR failed", await client.AskAsync("throw"), StringComparison.Ordinal);
        await server.DisposeAsync();
        Assert.Contains(Settings.Thrown, Assert.Single(Told()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OneThatWasWantedDoesNot()
    {
        var server = await ServerProcess.StartTestHostAsync(Settings.Scripted());
        server.Expect(Settings.Thrown);
        using (var client = await server.ConnectAsync()) Assert.StartsWith("ERROR failed", await client.AskAsync("throw"), StringComparison.Ordinal);
        await server.DisposeAsync();
        Assert.Empty(Told());
    }

    [Fact]
    public async Task OneThatWasWantedAndDidNotComeDoes()
    {
        var server = await ServerProcess.StartAsync(Settings.EchoLines);
        server.Expect("the end of the world");
        await server.DisposeAsync();
        Assert.Contains("the end of the world", Assert.Single(Told()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AnExceptionThatNobodyLookedAtIsLoggedAndFailsTheTest(bool isTestHost)
    {
        var server = isTestHost ? await ServerProcess.StartTestHostAsync(Settings.Scripted()) : await ServerProcess.StartAsync(Settings.EchoLines);
        server.Process.Signal(User1);
        await server.WaitForLogAsync("A task has failed, and nobody looked at how it ended");
        await server.DisposeAsync();
        Assert.Contains("a task that nobody looks at", Assert.Single(Told()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACrashFailsTheTest()
    {
        var server = await ServerProcess.StartAsync(Settings.EchoLines);
        server.Process.Signal(Kill);
        await Poll.UntilAsync(() => server.Process.HasExited, "it runs on");
        await server.DisposeAsync();
        Assert.Contains(Told(), told => told.Contains("nobody asked it to", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AProcessThatLivesOnFailsTheTest()
    {
        var process = new ChildProcess("sh", ["-c", "setsid sleep 60 >/dev/null 2>&1 </dev/null & exit 0"], isServer: true);
        Assert.Equal(0, await process.ExitAsync(TimeSpan.FromSeconds(10)));
        await process.DisposeAsync();
        Assert.Contains("sleep 60", Assert.Single(Told()), StringComparison.Ordinal);
    }

    /// <summary>In the middle of an exec a process has no environment to read, and the mark is in there.</summary>
    [Fact]
    public async Task AProcessInTheMiddleOfAnExecIsCounted()
    {
        using var files = new TestFiles();
        files.Write("again", "[ $1 = 0 ] && exec sleep 60\nexec sh $0 $(($1 - 1))\n");
        await using var process = new ChildProcess("sh", [files["again"], "3000"], isServer: true);
        var counts = new HashSet<int>();
        while (!File.ReadAllText($"/proc/{process.Id}/cmdline").StartsWith("sleep", StringComparison.Ordinal)) counts.Add(process.FamilySize);
        Assert.Equal([1], counts);
    }

    private static IReadOnlyCollection<string> Told() => Findings.Take(TestContext.Current.Test!.UniqueID);
}
