using System.Diagnostics;
using System.Reflection;

namespace SocketSync.Benchmarks;

/// <summary>A temporary directory for what the contestants need, and the programs they are made of.</summary>
internal sealed class Workplace : IDisposable
{
    /// <summary>The host of .NET: this process itself may be one of the apphost.</summary>
    public static string Dotnet { get; } = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("socketsync-compare-");

    public string Folder => _directory.FullName;

    /// <summary>The server's assembly, built as this program is.</summary>
    public static string ServerAssembly { get; } = Path.GetFullPath(typeof(Workplace).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static a => a.Key == "ServerAssembly").Value!);

    /// <summary>The path of a peer's source.</summary>
    public static string Source(string name) => Path.Combine(AppContext.BaseDirectory, "Peers", name);

    public static ProcessStartInfo Program(string program, params IEnumerable<string> arguments) => new(SearchPath.Find(program) ?? program, arguments);

    /// <summary>This program itself, with other arguments.</summary>
    public static ProcessStartInfo Self(params IEnumerable<string> arguments) => new(Dotnet, [typeof(Workplace).Assembly.Location, .. arguments]);

    public static ProcessStartInfo Server(int port, params IEnumerable<string> settings) => new(Dotnet,
        [ServerAssembly, $"--SocketSync:Listeners:Default:Port={port}", "--SocketSync:Resources:Default:Protocol:Name=Line", $"--urls=http://127.0.0.1:{FreePort.Next()}", .. settings]);

    /// <summary>The path of a Go program, built once.</summary>
    public string BuildGo(string source) => Build(source, built => Program("go", "build", "-o", built, Source(source)));

    /// <summary>The path of a C program, built once.</summary>
    public string BuildC(string source) => Build(source, built => Program("gcc", "-O2", "-D_GNU_SOURCE", "-o", built, Source(source)));

    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    private string Build(string source, Func<string, ProcessStartInfo> compiler)
    {
        var built = File(Path.GetFileNameWithoutExtension(source));
        if (System.IO.File.Exists(built)) return built;
        using var building = Process.Start(compiler(built))!;
        building.WaitForExit();
        return building.ExitCode == 0 ? built : throw new LoadFailureException($"{source} could not be built.");
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private string File(string name) => Path.Combine(_directory.FullName, name);
}
