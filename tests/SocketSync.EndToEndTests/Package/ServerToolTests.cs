using System.Globalization;

namespace SocketSync.EndToEndTests;

/// <summary>The server as a .NET tool, installed from its package.</summary>
[Collection(PackedTests.Name)]
public sealed class ServerToolTests(PackedPackages packages)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("--version", "0.1.0")]
    [InlineData("--help", "  socketsync relay --listen 1502 --to ")]
    public async Task TellsOfItself(string option, string words)
    {
        await using var tool = new ChildProcess(await packages.ToolAsync(), [option], isServer: false);
        Assert.Equal(0, await tool.ExitAsync(Soon));
        Assert.Contains(words, tool.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServesAndAsksFromAnyFolder()
    {
        using var files = new TestFiles();
        var tool = await packages.ToolAsync();
        await using var host = await PackedHost.StartProgramAsync(files.Folder, tool);
        var place = $"localhost:{(await host.PortAsync()).ToString(CultureInfo.InvariantCulture)}";
        await using var ask = new ChildProcess(tool, ["ask", place, "hello"], isServer: false);
        Assert.Equal(0, await ask.ExitAsync(Soon));
        Assert.Equal(["hello"], ask.Output);
        await host.AssertPageIsWholeAsync();
    }

    /// <summary>It is for every machine: with one package for each kind, older clients could not install it.</summary>
    [Fact]
    public void IsOnePackageForAllMachines()
    {
        using var package = packages.Open(PackedPackages.Server, "nupkg");
        Assert.NotNull(package.GetEntry("tools/net10.0/any/SocketSync.Server.dll"));
        Assert.NotNull(package.GetEntry("tools/net10.0/any/appsettings.json"));
        Assert.DoesNotContain(package.Entries, entry => entry.FullName.StartsWith("content", StringComparison.Ordinal));
    }
}
