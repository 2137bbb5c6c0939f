namespace SocketSync.EndToEndTests;

/// <summary>The server as a single file with the runtime in it, where nothing of .NET is said by the environment.</summary>
[Collection(PackedTests.Name)]
public sealed class SingleFileTests(PackedPackages packages) : IDisposable
{
    private const string Program = "SocketSync.Server";
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    private readonly TestFiles _files = new();

    public void Dispose() => _files.Dispose();

    [Fact]
    public async Task IsOneProgramWithOneLibraryBesideIt()
    {
        var names = Directory.GetFileSystemEntries(await packages.SingleFileAsync()).Select(Path.GetFileName);
        Assert.Equal([Program, "appsettings.json", "libSystem.IO.Ports.Native.so"], names.Order(StringComparer.Ordinal), StringComparer.Ordinal);
    }

    /// <summary>Blazor's and MudBlazor's files, which others look for beside the program, are in it.</summary>
    [Fact]
    public async Task ServesAloneAndShowsItsWholePage()
    {
        File.Copy(Path.Combine(await packages.SingleFileAsync(), Program), _files["alone"]);
        await using var host = await PackedHost.StartProgramAsync("/", "env", "-i", _files["alone"]);
        using var client = await TestClient.ConnectAsync(await host.PortAsync());
        Assert.Equal("hello", await client.AskAsync("hello"));
        await host.AssertPageIsWholeAsync();
        Assert.Contains("socketsync_build_info", await host.GetAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task LoadsPluginsAndWritesToSinks()
    {
        _files.Copy(ServerProcess.Assembly("SamplePluginAssembly"), "plugins");
        var config = _files.Write("appsettings.json", $$"""
            {
              "SocketSync": {
                "Plugins": [ "plugins/SocketSync.SamplePlugin.dll" ],
                "Resources": { "Default": { "Processor": "Bench", "Protocol": { "Name": "Line" } } }
              },
              "Serilog": {
                "WriteTo": [ "Console", { "Name": "File", "Args": { "path": "{{_files["log"]}}" } } ]
              },
              "Bench": { "Name": "by-injection" }
            }
            """);
        await using (var host = await PackedHost.StartProgramAsync("/", "env", "-i", await ProgramAsync(), "--config", config))
        {
            using var client = await TestClient.ConnectAsync(await host.PortAsync());
            // The plugin's own version of a library, of which the server has another.
            Assert.Equal("1 by-injection 3.1.1.0", await client.AskAsync("a"));
        }

        Assert.Contains("The bench has served 1", await File.ReadAllTextAsync(_files["log"], TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await AssertChecksAsync(config, 0, "plugin plugins/SocketSync.SamplePlugin.dll: version 4.7.11.0, processors Bench, Demanding");
    }

    [Theory]
    [InlineData("\"WriteTo\": [ \"Seq\" ]", 2, "Serilog: Unable to find a method called Seq")]
    [InlineData("\"MinimumLevel\": \"Debug\", \"Enrich\": [ \"FromLogContext\" ]", 0, " is valid. It would run:")]
    public async Task CheckKnowsTheSinksThatItHas(string serilog, int code, string words) =>
        await AssertChecksAsync(_files.Write("appsettings.json", ServerProcess.WholeFile(Settings.EchoLines, serilog)), code, words);

    /// <summary>With the library beside it, which no other part of the server needs.</summary>
    [Fact]
    public async Task OpensASerialLineWhereTheLibraryIsBesideIt()
    {
        await using var pair = await SerialPair.OpenAsync();
        var config = _files.Write("appsettings.json", ServerProcess.WholeFile($$"""
            "Listeners": { "Default": { "Port": 0 } },
            "Resources": { "Default": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { "Serial": { "Device": "{{pair.Near}}" } } } }
            """));
        await AssertChecksAsync(config, 0, ": opens, after ", "--probe");

        File.Copy(await ProgramAsync(), _files["alone"]);
        await AssertProgramChecksAsync(_files["alone"], config, 1, ": needs libSystem.IO.Ports.Native beside the program, and it is not there", "--probe");
    }

    private async Task AssertChecksAsync(string config, int code, string words, params string[] more) =>
        await AssertProgramChecksAsync(await ProgramAsync(), config, code, words, more);

    private static async Task AssertProgramChecksAsync(string program, string config, int code, string words, params string[] more)
    {
        await using var check = new ChildProcess("env", ["-i", program, "check", "--config", config, .. more], "/", isServer: false);
        Assert.True(await check.ExitAsync(Soon) == code, check.Log);
        Assert.Contains(words, check.Log, StringComparison.Ordinal);
    }

    private async Task<string> ProgramAsync() => Path.Combine(await packages.SingleFileAsync(), Program);
}
