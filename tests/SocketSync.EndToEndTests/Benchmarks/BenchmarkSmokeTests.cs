namespace SocketSync.EndToEndTests;

/// <summary>Each of the benchmarks' commands starts, and measures for a moment. What comes out is not looked at.</summary>
public sealed class BenchmarkSmokeTests
{
    [Theory]
    [InlineData("UncontendedGate"), InlineData("ContendedGate"), InlineData("Framing"), InlineData("KeptRead")]
    public async Task Micro(string benchmarks)
    {
        using var files = new TestFiles();
        // In this process: what each of its own would take to build is more than all the rest.
        var printed = await RunAsync("micro", "--filter", $"*.{benchmarks}.*", "--job", "Dry", "--inProcess", "--artifacts", files.Folder);
        Assert.Contains($"{benchmarks}-report.csv", printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MicroFailsWhereNothingWasMeasured()
    {
        using var files = new TestFiles();
        await RunAsync(expected: 1, "micro", "--filter", "*.NoSuchBenchmark.*", "--job", "Dry", "--inProcess", "--artifacts", files.Folder);
    }

    [Fact]
    public async Task Footprint()
    {
        var printed = await RunAsync("footprint", "--connections", "50", "--requests", "2000", "--rounds", "1", "--probes", "50", "--handshakes", "20");
        foreach (var what in (string[])["An idle client", "Steady echo", "Start to ready", "After start", "Live while", "A slow scrape"])
            Assert.Contains(what, printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dashboards()
    {
        var printed = await RunAsync("dashboards", "--clients", "3", "--seconds", "2", "--asks", "100");
        Assert.Contains("a reply that is kept", printed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Line"), InlineData("LengthPrefixed"), InlineData("ModbusRtu"), InlineData("ModbusAscii")]
    public async Task Load(string protocol)
    {
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Port": 0 } }, "Resources": { "Default": { "Processor": "Echo", "Protocol": { "Name": "{{protocol}}" } } }
            """);
        var port = (await server.StatusAsync()).Listener.Port;
        var printed = await RunAsync("load", "--protocol", protocol, "--target", $"127.0.0.1:{port}", "--connections", "4", "--seconds", "0.3", "--warmup", "0.1", "--json");
        Assert.Contains('{', printed);
        await server.WaitForStatusAsync(s => s.Resource.Completed > 0);
    }

    [Fact]
    public async Task Compare()
    {
        var printed = await RunAsync(
            "compare", "--rounds", "1", "--seconds", "0.3", "--warmup", "0.1", "--only", "echo", "--connections", "4", "--contestants", "SocketSync,Kestrel,C");
        Assert.Contains("SocketSync", printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CompareRelays()
    {
        Tool.Require("gcc");
        var printed = await RunAsync(
            "compare", "--rounds", "1", "--seconds", "0.3", "--warmup", "0.1", "--scenarios", "relay", "--connections", "4", "--contestants", "SocketSync,C");
        Assert.Contains("Peers/relay.c", printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scale()
    {
        Tool.Require("gcc");
        var printed = await RunAsync("scale", "--rounds", "1", "--seconds", "0.3", "--warmup", "0.1", "--relays", "1", "3", "--threads", "1", "2");
        Assert.Equal(2, printed.Split('\n').Count(line => line.Contains("2 I/O threads", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Forward()
    {
        Tool.Require("redis-server");
        var printed = await RunAsync("forward", "--rounds", "1", "--seconds", "0.3", "--warmup", "0.1", "--scenarios", "plain");
        Assert.Contains("64 clients", printed, StringComparison.Ordinal);
    }

    private static Task<string> RunAsync(params string[] arguments) => RunAsync(expected: 0, arguments);

    private static async Task<string> RunAsync(int expected, params string[] arguments)
    {
        var assembly = ServerProcess.Assembly("BenchmarksAssembly");
        await using var process = new ChildProcess("dotnet", [assembly, .. arguments], Path.GetDirectoryName(assembly));
        var code = await process.ExitAsync(TimeSpan.FromSeconds(60));
        Assert.True(code == expected, $"ended with {code}:\n{process.Log}");
        return process.Log;
    }
}
