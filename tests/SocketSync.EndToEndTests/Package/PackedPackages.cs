using System.Diagnostics;
using System.IO.Compression;

namespace SocketSync.EndToEndTests;

/// <summary>The packages, made as docs/library.md says, and projects that know nothing of the repository but these.</summary>
public sealed class PackedPackages : IAsyncLifetime
{
    public const string Library = "SocketSync";
    public const string Dashboard = "SocketSync.Dashboard";
    public const string Cluster = "SocketSync.Cluster";

    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private readonly TestFiles _files = new();

    /// <summary>
    /// Of this run alone, so that no package that somebody has somewhere can be taken for it. And no prerelease: the pack then fails
    /// where a package depends on one.
    /// </summary>
    internal string Version { get; } = $"0.1.{Environment.ProcessId}.{1 + Stopwatch.GetTimestamp() % 1_000_000_000}";

    public async ValueTask InitializeAsync()
    {
        // Compiled beside what others have built, never over it, and so that a second run finds it done. The dashboard comes first:
        // with it the library is built.
        string[] options =
        [
            "--output", _files["packages"],
            "--artifacts-path", Path.Combine(Recipe.Repository, "artifacts", "package-tests"), $"-p:PackageVersion={Version}",
        ];
        await DotnetAsync(Recipe.Repository, ["pack", $"src/{Dashboard}", .. options]);
        await DotnetAsync(Recipe.Repository, ["pack", $"src/{Cluster}", .. options]);
        await DotnetAsync(Recipe.Repository, ["pack", $"src/{Library}", "--no-build", .. options]);

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

    /// <summary>Opens a package, or the one with its symbols.</summary>
    internal ZipArchive Open(string package, string extension) => ZipFile.OpenRead(_files[$"packages/{package}.{Version}.{extension}"]);

    /// <summary>Builds a project against the packages; tells its folder.</summary>
    /// <param name="name">Of the project.</param>
    /// <param name="project">Its project file, in which <c>VERSION</c> stands for the packages'.</param>
    /// <param name="files">Its other files, by their names.</param>
    internal async Task<string> BuildAsync(string name, string project, Dictionary<string, string> files)
    {
        Directory.CreateDirectory(_files[name]);
        _files.Write($"{name}/{name}.csproj", project.Replace("VERSION", $"[{Version}]", StringComparison.Ordinal));
        foreach (var (file, text) in files) _files.Write($"{name}/{file}", text);
        await DotnetAsync(_files[name], "build", "--output", "built", "-p:NuGetAudit=false");
        return _files[name];
    }

    private static async Task DotnetAsync(string folder, params string[] arguments)
    {
        // What outlives the command would keep its output open.
        string[] alone = ["-nodeReuse:false", "-p:UseSharedCompilation=false", "--verbosity", "quiet"];
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0" };
        await using var dotnet = new ChildProcess("dotnet", [.. arguments, .. alone], folder, environment);
        var exitCode = await dotnet.ExitAsync(Bound);
        Assert.True(exitCode == 0, $"dotnet {arguments[0]} ended with {exitCode}:\n{dotnet.Log}");
    }
}
