using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync.Tests;

/// <summary>What is decided before an assembly is loaded; what loading brings is tested with the real server.</summary>
public sealed class PluginLoaderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("socketsync-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void WithoutPluginsThereIsNothingToDo()
    {
        var result = Load();
        Assert.Empty(result.Loaded);
        Assert.Empty(result.Problems);
    }

    [Fact]
    public void EveryPluginHasItsProblemAndNoProcessorIsAdded()
    {
        var processors = new ProcessorCatalog();
        File.WriteAllText(Path.Combine(_folder.FullName, "text.dll"), "no assembly");
        var result = PluginLoader.Load(ConfigurationText.Keys("Plugins:0=none.dll; Plugins:1=text.dll; Plugins:2=../text.dll"), _folder.FullName, processors);
        Assert.Equal(
            ["SocketSync:Plugins:0 none.dll", "SocketSync:Plugins:1 text.dll", "SocketSync:Plugins:2 ../text.dll"],
            result.Problems.Select(p => $"{p.Key} {p.Value}"), StringComparer.Ordinal);
        Assert.Equal(new ProcessorCatalog().Names, processors.Names, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData("a/../text.dll", "is not a .NET assembly")]
    [InlineData("a/../../text.dll", "must be a relative path that stays inside")]
    [InlineData("..", "must be a relative path that stays inside")]
    [InlineData(".", "must be a relative path that stays inside")]
    [InlineData("loop.dll", "cannot be read: ")]
    [InlineData("left", "cannot be read: too many symbolic links")]
    public void APathIsJudgedByWhereItLeads(string path, string words)
    {
        _folder.CreateSubdirectory("a");
        File.WriteAllText(Path.Combine(_folder.FullName, "text.dll"), "no assembly");
        File.CreateSymbolicLink(Path.Combine(_folder.FullName, "loop.dll"), "loop.dll");
        File.CreateSymbolicLink(Path.Combine(_folder.FullName, "left"), "right/a");
        File.CreateSymbolicLink(Path.Combine(_folder.FullName, "right"), "left/b");
        Assert.StartsWith(words, Assert.Single(Load(path).Problems).Allowed, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderWithANameThatBeginsAlikeIsAnother()
    {
        var beside = Directory.CreateDirectory(_folder.FullName + "-beside");
        try
        {
            File.WriteAllText(Path.Combine(beside.FullName, "text.dll"), "no assembly");
            File.CreateSymbolicLink(Path.Combine(_folder.FullName, "link.dll"), Path.Combine(beside.FullName, "text.dll"));
            Assert.StartsWith("must be a relative path", Assert.Single(Load($"../{beside.Name}/text.dll").Problems).Allowed, StringComparison.Ordinal);
            Assert.StartsWith("is a link that leaves", Assert.Single(Load("link.dll").Problems).Allowed, StringComparison.Ordinal);
        }
        finally
        {
            beside.Delete(recursive: true);
        }
    }

    [Fact]
    public void AFailedPluginIsToldWithAllElseButNotItsProcessor()
    {
        var configuration = ConfigurationText.Keys("Plugins:0=none.dll; Resources:Default:Processor=Bench; Listeners:Default:Port=99999");
        var processors = new ProcessorCatalog();
        var plugins = PluginLoader.Load(configuration, _folder.FullName, processors);
        var problems = Assert.Throws<SocketSyncStartupException>(() => HostConfiguration.Read(configuration, processors.Names, plugins.Problems)).Problems;
        Assert.Collection(
            problems,
            p => Assert.StartsWith("SocketSync:Plugins:0: ", p, StringComparison.Ordinal),
            p => Assert.StartsWith("SocketSync:Listeners:Default:Port: ", p, StringComparison.Ordinal));
    }

    [Fact]
    public void AHostOfOnesOwnLooksForThemInItsContentRoot()
    {
        var builder = WebApplication.CreateEmptyBuilder(new() { ContentRootPath = _folder.FullName });
        builder.Configuration.AddConfiguration(ConfigurationText.Keys("Plugins:0=none.dll"));
        builder.AddSocketSync();
        using var services = builder.Services.BuildServiceProvider();
        var problem = Assert.Single(Assert.Throws<SocketSyncStartupException>(services.GetRequiredService<HostConfiguration>).Problems);
        Assert.Contains($"there is no such file in {_folder.FullName}", problem, StringComparison.Ordinal);
    }

    private PluginResult Load(params string[] paths) => PluginLoader.Load(
        ConfigurationText.Keys(string.Join("; ", paths.Select((path, i) => $"Plugins:{i}={path}"))), _folder.FullName, new ProcessorCatalog());
}
