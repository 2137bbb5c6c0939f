namespace SocketSync.EndToEndTests;

/// <summary>
/// A recipe as the README prints it. Its file is used to the letter; where the device is, and the port for the clients, the
/// tests say on the command line, and nothing else.
/// </summary>
internal sealed record Recipe(string Heading, string Text)
{
    private const string SimulateCommand = "dotnet run --project src/SocketSync.Server -- simulate ";

    public static string Repository { get; } = FindRepository();

    /// <summary>The whole configuration file.</summary>
    public string Json => Block("json");

    public string Python => Block("python");

    /// <summary>What simulates its devices, as the README prints it: the arguments behind each "simulate".</summary>
    public IReadOnlyList<string> Simulate =>
        [.. Text.Split('\n').Where(line => line.StartsWith(SimulateCommand, StringComparison.Ordinal)).Select(line => line[SimulateCommand.Length..])];

    /// <summary>All that stand under "Recipes", in order.</summary>
    public static IReadOnlyList<Recipe> All()
    {
        var readme = File.ReadAllText(Path.Combine(Repository, "README.md"));
        var chapter = readme.Split("\n## ").Single(text => text.StartsWith("Recipes\n", StringComparison.Ordinal));
        return [.. chapter.Split("\n### ").Skip(1).Select(text => new Recipe(text[..text.IndexOf('\n', StringComparison.Ordinal)], text))];
    }

    public static Recipe Of(string heading) => All().Single(recipe => recipe.Heading == heading);

    /// <summary>Starts the server with it, its one listener on a free port.</summary>
    /// <param name="name">Of its listener and its resource.</param>
    /// <param name="link">What differs in the link, as <c>Tcp:Port=1234</c>.</param>
    public Task<ServerProcess> StartAsync(string name, params string[] link) => StartInAsync(folder: null, name, link);

    public Task<ServerProcess> StartInAsync(string? folder, string name, params string[] link) => ServerProcess.StartFileAsync(
        Json, folder, [$"SocketSync:Listeners:{name}:Port=0", .. link.Select(key => $"SocketSync:Resources:{name}:Link:{key}")]);

    /// <summary>Starts a device that the README has for it: on a free port, or on a line of this path.</summary>
    public Task<SimulatedDevice> SimulateAsync(string? line = null, int which = 0)
    {
        var arguments = Simulate[which].Split(' ');
        if (Array.IndexOf(arguments, "--listen") is >= 0 and var listen) arguments[listen + 1] = "0";
        if (Array.IndexOf(arguments, "--serial") is >= 0 and var serial) arguments[serial + 1] = $"{line},{arguments[serial + 1].Split(',')[1]}";
        return SimulatedDevice.StartAsync(arguments);
    }

    private string Block(string language)
    {
        var parts = Text.Split("\n```");
        return parts.Single(part => part.StartsWith(language + "\n", StringComparison.Ordinal))[(language.Length + 1)..] + "\n";
    }

    private static string FindRepository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SocketSync.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException("the tests do not stand in the repository");
    }
}
