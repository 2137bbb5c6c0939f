using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>What the README prints is a whole file that the server takes.</summary>
public sealed class RecipeTests
{
    public static TheoryData<string> Headings => [.. Recipe.All().Select(recipe => recipe.Heading)];

    [Fact]
    public void ThereAreEleven() => Assert.Equal(11, Recipe.All().Count);

    [Theory]
    [MemberData(nameof(Headings))]
    public async Task IsAccepted(string heading)
    {
        var json = Recipe.Of(heading).Json;
        using var document = JsonDocument.Parse(json); // without comments or trailing commas
        using var files = new TestFiles();
        await using var check = new ChildProcess(
            "dotnet", [ServerProcess.Assembly("ServerAssembly"), "check", "--config", files.Write("recipe.json", json)]);
        Assert.True(await check.ExitAsync(TimeSpan.FromSeconds(20)) == 0, check.Log);
    }

    [Fact]
    public async Task PathsCountFromTheFolderInWhichDotnetRunIsCalled()
    {
        var configuration = new FileInfo(ServerProcess.Assembly("ServerAssembly")).Directory!.Parent!.Name;
        using var files = new TestFiles();
        files.Write("bench.json", Recipe.All()[0].Json);
        string[] run = ["run", "--no-build", "--configuration", configuration, "--project", Path.Combine(Recipe.Repository, "src/SocketSync.Server")];
        await using var check = new ChildProcess("dotnet", [.. run, "--", "check", "--config", "bench.json"], files.Folder);
        Assert.True(await check.ExitAsync(TimeSpan.FromSeconds(60)) == 0, check.Log);
    }
}
