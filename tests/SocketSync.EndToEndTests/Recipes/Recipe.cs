using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>
/// A recipe as its page in docs/recipes prints it. Its file is used to the letter; where the device is, and the ports for the clients,
/// the tests say on the command line, and nothing else.
/// </summary>
internal sealed record Recipe(string Page, string Text)
{
    private const string SimulateCommand = PrintedCommand.Server + " simulate ";
    private const string ServeCommand = PrintedCommand.Server + " --config ";

    public static string Repository { get; } = FindRepository();

    public string Heading => Text[2..Text.IndexOf('\n', StringComparison.Ordinal)];

    /// <summary>The whole configuration file.</summary>
    public string Json => Block("json");

    /// <summary>The name under which it is to be saved.</summary>
    public string FileName => Assert.Single(Text.Split('\n'), line => line.StartsWith("Save as `", StringComparison.Ordinal)).Split('`')[1];

    /// <summary>The name that the command gives which starts the server.</summary>
    public string ServedFile => Assert.Single(Behind(ServeCommand));

    public bool HasPython => Text.Contains("\n```python\n", StringComparison.Ordinal);

    public string Python => Block("python");

    /// <summary>What simulates its devices, as the page prints it: the arguments behind each "simulate".</summary>
    public IReadOnlyList<string> Simulate => Behind(SimulateCommand);

    /// <summary>What a client does, and what that prints.</summary>
    public IReadOnlyList<PrintedCommand> Commands => PrintedCommand.In(Text);

    /// <summary>All of docs/recipes, the index aside.</summary>
    public static IReadOnlyList<Recipe> All() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(Repository, "docs", "recipes"), "*.md")
            .Where(path => Path.GetFileName(path) != "README.md")
            .Order(StringComparer.Ordinal)
            .Select(path => new Recipe(Path.GetFileName(path), File.ReadAllText(path))),
    ];

    public static Recipe Of(string heading) => All().Single(recipe => recipe.Heading == heading);

    /// <summary>Starts the server with it, its one listener on a free port.</summary>
    /// <param name="name">Of its listener and its resource.</param>
    /// <param name="link">What differs in the link, as <c>Tcp:Port=1234</c>.</param>
    public Task<ServerProcess> StartAsync(string name, params string[] link) => StartInAsync(folder: null, name, link);

    public Task<ServerProcess> StartInAsync(string? folder, string name, params string[] link) => ServerProcess.StartFileAsync(
        Json, folder, [$"SocketSync:Listeners:{name}:Port=0", .. link.Select(key => $"SocketSync:Resources:{name}:Link:{key}")]);

    /// <summary>Starts a device that its page has for it: on a free port, or on a line of this path.</summary>
    public Task<SimulatedDevice> SimulateAsync(string? line = null, int which = 0)
    {
        var arguments = Simulate[which].Split(' ');
        if (Array.IndexOf(arguments, "--listen") is >= 0 and var listen) arguments[listen + 1] = "0";
        if (Array.IndexOf(arguments, "--serial") is >= 0 and var serial) arguments[serial + 1] = $"{line},{arguments[serial + 1].Split(',')[1]}";
        return SimulatedDevice.StartAsync(arguments);
    }

    /// <summary>The links of its resources, in the order in which the page has their devices.</summary>
    public IReadOnlyList<(string Resource, JsonElement Link)> Links()
    {
        using var file = JsonDocument.Parse(Json);
        return [.. file.RootElement.GetProperty("SocketSync").GetProperty("Resources").EnumerateObject().Select(resource => (resource.Name, resource.Value.GetProperty("Link").Clone()))];
    }

    /// <summary>The ports of its listeners.</summary>
    public IReadOnlyList<(string Listener, int Port)> Ports()
    {
        using var file = JsonDocument.Parse(Json);
        return [.. file.RootElement.GetProperty("SocketSync").GetProperty("Listeners").EnumerateObject().Select(listener => (listener.Name, listener.Value.GetProperty("Port").GetInt32()))];
    }

    private string[] Behind(string command) =>
        [.. Text.Split('\n').Where(line => line.StartsWith(command, StringComparison.Ordinal)).Select(line => line[command.Length..])];

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
