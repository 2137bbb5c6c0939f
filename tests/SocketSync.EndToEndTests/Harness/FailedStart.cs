using System.Diagnostics;

namespace SocketSync.EndToEndTests;

/// <summary>Starts that must fail: exit code 2 within 3 s, and a line for each problem on stderr.</summary>
internal static class FailedStart
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(3);

    public static ChildProcess Launch(string config, params string[] more) =>
        new("dotnet", [ServerProcess.Assembly("ServerAssembly"), "--config", config, $"--urls=http://127.0.0.1:{FreePort.Next()}", .. more]);

    /// <summary>Its only problem is told in one line, which has all of <paramref name="words"/>.</summary>
    public static async Task AssertRefusedAsync(ChildProcess server, params string[] words)
    {
        var watch = Stopwatch.StartNew();
        var exitCode = await server.ExitAsync(TimeSpan.FromSeconds(30));
        Assert.True(exitCode == 2, $"exit code {exitCode}:\n{server.Log}");
        var took = watch.Elapsed;
        Assert.True(took < Promised || took < await TimeOfAShortRunAsync() * 4, $"it took {took}");
        var line = Assert.Single(server.Errors);
        foreach (var word in words) Assert.Contains(word, line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", server.Log, StringComparison.Ordinal);
    }

    /// <summary>A quarter of a second, or more on a machine that is too busy at the time to keep any promise.</summary>
    private static async Task<TimeSpan> TimeOfAShortRunAsync()
    {
        var watch = Stopwatch.StartNew();
        await using var check = new ChildProcess("dotnet", [ServerProcess.Assembly("ServerAssembly"), "check"]);
        Assert.Equal(0, await check.ExitAsync(TimeSpan.FromSeconds(30)));
        return watch.Elapsed;
    }
}
