using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>What a page of docs/recipes prints is a whole file that the server takes, and commands that print what it says.</summary>
public sealed class RecipeTests
{
    public static TheoryData<string> Headings => [.. Recipe.All().Select(recipe => recipe.Heading)];

    [Fact]
    public void ThereAreEleven() => Assert.Equal(11, Recipe.All().Count);

    /// <summary>Beside <see cref="PrintsWhatItSays"/>, which takes whatever is in the folder, somebody has thought of each recipe's point.</summary>
    [Theory]
    [MemberData(nameof(Headings))]
    public void HasATestOfItsOwn(string heading)
    {
        var tests = Directory.GetFiles(Path.Combine(Recipe.Repository, "tests", "SocketSync.EndToEndTests", "Recipes"), "*RecipeTests.cs").Select(File.ReadAllText);
        Assert.Contains(tests, test => test.Contains($"\"{heading}\"", StringComparison.Ordinal));
    }

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

    [Theory]
    [MemberData(nameof(Headings))]
    public void IsServedUnderTheNameItIsSavedAs(string heading)
    {
        var recipe = Recipe.Of(heading);
        Assert.Equal(recipe.FileName, recipe.ServedFile);
    }

    [Theory]
    [MemberData(nameof(Headings))]
    public async Task PrintsWhatItSays(string heading)
    {
        var recipe = Recipe.Of(heading);
        Assert.NotEmpty(recipe.Commands);
        Assert.All(recipe.Commands, command => Assert.NotEmpty(command.Output));
        PrintedCommand.RequireTools(recipe.Commands);
        using var files = new TestFiles();
        if (recipe.HasPython)
        {
            Tool.Require("python3");
            files.Write(recipe.Links()[0].Link.GetProperty("Process").GetProperty("Arguments")[0].GetString()!, recipe.Python);
        }

        var ports = recipe.Ports().Select(listener => listener.Port).Distinct().ToDictionary(port => port, _ => FreePort.Next());
        List<string> keys = [.. recipe.Ports().Select(listener => $"SocketSync:Listeners:{listener.Listener}:Port={ports[listener.Port]}")];
        var devices = new List<SimulatedDevice>();
        try
        {
            foreach (var (resource, link) in recipe.Links().Take(recipe.Simulate.Count))
            {
                var line = files[$"line-{resource}"];
                devices.Add(await recipe.SimulateAsync(line, devices.Count));
                keys.Add($"SocketSync:Resources:{resource}:Link:{(link.TryGetProperty("Tcp", out _) ? $"Tcp:Port={devices[^1].Port}" : $"Serial:Device={line}")}");
            }

            await using var server = await ServerProcess.StartFileAsync(recipe.Json, files.Folder, [.. keys]);
            foreach (var command in recipe.Commands) await command.AssertPrintsAsync(ports);
        }
        finally
        {
            foreach (var device in devices) await device.DisposeAsync();
        }
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
