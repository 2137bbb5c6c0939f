using System.Diagnostics;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>Tests of what is packed and published: one after the other, since all of it is compiled in one folder.</summary>
[CollectionDefinition(Name)]
public sealed class PackedTests : ICollectionFixture<PackedPackages>
{
    public const string Name = "packed";
}

/// <summary>
/// The packages, made as docs/library.md says, and projects that know nothing of the repository but these; and the server in the other
/// forms in which it is installed, made when the first test asks.
/// </summary>
public sealed class PackedPackages : IAsyncLifetime
{
    public const string Library = "SocketSync";
    public const string Dashboard = "SocketSync.Dashboard";
    public const string Cluster = "SocketSync.Cluster";
    public const string Testing = "SocketSync.Testing";
    public const string Server = "SocketSync.Server";

    /// <summary>Where whoever publishes the packages says that the sources are.</summary>
    public const string SourcesUrl = "https://example.org/socketsync.git";

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private readonly TestFiles _files = new();
    private Task<string>? _tool;
    private Task<string>? _singleFile;

    /// <summary>
    /// Of this run alone, so that no package that somebody has somewhere can be taken for it. And no prerelease: the pack then fails
    /// where a package depends on one.
    /// </summary>
    internal string Version { get; } = $"0.1.{Environment.ProcessId}.{1 + Stopwatch.GetTimestamp() % 1_000_000_000}";

    /// <summary>What outlives the command would keep its output open.</summary>
    private static string[] Alone { get; } = ["-nodeReuse:false", "-p:UseSharedCompilation=false"];

    /// <summary>Compiled beside what others have built, never over it, and so that a second run finds it done. What analyzers say is known already.</summary>
    private static string[] Apart { get; } =
        ["--artifacts-path", Path.Combine(Recipe.Repository, "artifacts", "package-tests"), $"-p:RepositoryUrl={SourcesUrl}", "-p:RunAnalyzers=false"];

    public async ValueTask InitializeAsync()
    {
        // All at once: what they share is built for the first of them.
        _files.Write("packages.slnf", JsonSerializer.Serialize(new
        {
            solution = new
            {
                path = Path.Combine(Recipe.Repository, "SocketSync.sln"),
                projects = new[] { Library, Dashboard, Cluster, Testing, Server }.Select(name => $"src\\{name}\\{name}.csproj"),
            },
        }));
        await DotnetAsync(
            Recipe.Repository, ["pack", _files["packages.slnf"], "--output", _files["packages"], $"-p:PackageVersion={Version}", .. Apart, .. Alone]);

        // No source but that folder. The packages of others come from this machine's folder of packages, which is only read.
        // What is tested goes into a folder of its own, and is gone with it.
        _files.Write("nuget.config", $"""
            <configuration>
              <config>
                <add key="globalPackagesFolder" value="cache" />
              </config>
              <packageSources>
                <clear />
                <add key="packed" value="packages" />
              </packageSources>
              <packageSourceMapping>
                <clear />
              </packageSourceMapping>
              <fallbackPackageFolders>
                <clear />
                <add key="machine" value="{ServerProcess.Assembly("PackageFolder")}" />
              </fallbackPackageFolders>
            </configuration>
            """);
    }

    public ValueTask DisposeAsync()
    {
        _files.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>The server as a tool, installed in a folder of its own; tells the command's path.</summary>
    internal Task<string> ToolAsync() => _tool ??= InstallToolAsync();

    /// <summary>The server as a single file for this machine; tells the folder with what was published.</summary>
    internal Task<string> SingleFileAsync() => _singleFile ??= PublishSingleFileAsync();

    /// <summary>Opens a package, or the one with its symbols.</summary>
    internal ZipArchive Open(string package, string extension) => ZipFile.OpenRead(_files[$"packages/{package}.{Version}.{extension}"]);

    /// <summary>Builds a project against the packages; tells its folder.</summary>
    /// <param name="name">Of the project.</param>
    /// <param name="project">Its project file, in which <c>VERSION</c> stands for the packages'.</param>
    /// <param name="files">Its other files, by their names.</param>
    /// <param name="more">What is said to the build besides.</param>
    internal async Task<string> BuildAsync(string name, string project, Dictionary<string, string> files, params string[] more)
    {
        Directory.CreateDirectory(_files[name]);
        _files.Write($"{name}/{name}.csproj", project.Replace("VERSION", $"[{Version}]", StringComparison.Ordinal));
        foreach (var (file, text) in files) _files.Write($"{name}/{file}", text);
        await DotnetAsync(_files[name], ["build", "--output", "built", "-p:NuGetAudit=false", .. Alone, .. more]);
        return _files[name];
    }

    /// <summary>What the evaluation of a folder's project says, as <c>dotnet msbuild</c> prints it.</summary>
    internal static async Task<string> EvaluateAsync(string folder, params string[] arguments)
    {
        await using var dotnet = Start(folder, ["msbuild", .. arguments]);
        Assert.True(await dotnet.ExitAsync(Bound) == 0, dotnet.Log);
        return string.Join('\n', dotnet.Output);
    }

    private async Task<string> InstallToolAsync()
    {
        await DotnetAsync(_files.Folder, "tool", "install", Server, "--version", Version, "--tool-path", _files["tools"]);
        return _files["tools/socketsync"];
    }

    private async Task<string> PublishSingleFileAsync()
    {
        var output = _files["single"];
        await DotnetAsync(
            Recipe.Repository,
            ["publish", $"src/{Server}", "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-p:PublishSingleFile=true", "-o", output, .. Apart, .. Alone]);
        return output;
    }

    private static async Task DotnetAsync(string folder, params string[] arguments)
    {
        await using var dotnet = Start(folder, [.. arguments, "--verbosity", "quiet"]);
        var exitCode = await dotnet.ExitAsync(Bound);
        Assert.True(exitCode == 0, $"dotnet {arguments[0]} ended with {exitCode}:\n{dotnet.Log}");
    }

    private static ChildProcess Start(string folder, string[] arguments) =>
        new("dotnet", arguments, folder, new(StringComparer.Ordinal) { ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0" });
}
