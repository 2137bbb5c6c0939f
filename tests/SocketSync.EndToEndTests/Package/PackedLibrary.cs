using System.Diagnostics;
using System.IO.Compression;

namespace SocketSync.EndToEndTests;

/// <summary>The library, packed as the README says, and projects that know it only as that package.</summary>
public sealed class PackedLibrary : IAsyncLifetime
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    // Of this run alone: no package that somebody has somewhere can be taken for it.
    private readonly string _version = $"0.1.0-test.{Environment.ProcessId}.{Stopwatch.GetTimestamp()}";
    private readonly TestFiles _files = new();

    public async ValueTask InitializeAsync()
    {
        // Compiled beside what others have built, never over it, and so that a second run finds it done.
        await DotnetAsync(
            Recipe.Repository, "pack", "src/SocketSync", "--output", _files["packages"],
            "--artifacts-path", Path.Combine(Recipe.Repository, "artifacts", "package-tests"), $"-p:PackageVersion={_version}");

        // No source but that folder. What else the library needs it has got from this machine's packages; those are
        // only read, and what is tested is gone with its folder.
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

    /// <summary>Opens the package, or the one with its symbols.</summary>
    internal ZipArchive Open(string extension) => ZipFile.OpenRead(_files[$"packages/SocketSync.{_version}.{extension}"]);

    /// <summary>Builds a project against the package; tells its folder.</summary>
    /// <param name="name">Of the project.</param>
    /// <param name="project">Its project file, in which <c>VERSION</c> stands for the package's.</param>
    /// <param name="files">Its other files, by their names.</param>
    internal async Task<string> BuildAsync(string name, string project, Dictionary<string, string> files)
    {
        Directory.CreateDirectory(_files[name]);
        _files.Write($"{name}/{name}.csproj", project.Replace("VERSION", $"[{_version}]", StringComparison.Ordinal));
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
