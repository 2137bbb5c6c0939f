namespace SocketSync.EndToEndTests;

/// <summary>The Debian package, made of the single file by the script that makes it, and unpacked into a folder.</summary>
public sealed class DebianPackage(PackedPackages packages) : IAsyncLifetime
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    private readonly TestFiles _files = new();

    internal string Name => Path.GetFileName(File);

    /// <summary>What the package holds, a path a line.</summary>
    internal IReadOnlyList<string> Contents { get; private set; } = [];

    private string File { get; set; } = "";

    public async ValueTask InitializeAsync()
    {
        Tool.Require("dpkg-deb");
        // The quickest that packs at all.
        var quick = new Dictionary<string, string>(StringComparer.Ordinal) { ["DEB_COMPRESSION"] = "gzip", ["DEB_LEVEL"] = "1" };
        var script = Path.Combine(Recipe.Repository, "src", "SocketSync.Server", "Packaging", "deb.sh");
        await RunAsync("bash", [script, "--from", await packages.SingleFileAsync(), "--output", _files.Folder], quick);
        File = Assert.Single(Directory.GetFiles(_files.Folder, "*.deb"));
        await RunAsync("dpkg-deb", ["-R", File, _files["unpacked"]]);
        Contents = await RunAsync("dpkg-deb", ["--contents", File]);
    }

    public ValueTask DisposeAsync()
    {
        _files.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Where something lies that the package would install, or, below DEBIAN, what it does then.</summary>
    internal string this[string path] => Path.Combine(_files["unpacked"], path);

    internal string Text(string path) => System.IO.File.ReadAllText(this[path]);

    internal Task<IReadOnlyList<string>> FieldsAsync() => RunAsync("dpkg-deb", ["--field", File]);

    /// <summary>Tells what it printed.</summary>
    internal static async Task<IReadOnlyList<string>> RunAsync(string program, string[] arguments, Dictionary<string, string>? environment = null)
    {
        await using var process = new ChildProcess(program, arguments, environment: environment, isServer: false);
        Assert.True(await process.ExitAsync(Bound) == 0, process.Log);
        return process.Output;
    }
}
