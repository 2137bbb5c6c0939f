using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.Loader;

namespace SocketSync;

/// <summary>A plugin's file, before anything in it is loaded: where it lies, and what it was built against.</summary>
internal static class PluginFile
{
    /// <summary>As many as Linux follows (path_resolution(7)): two links that lead through each other never end.</summary>
    private const int MostLinks = 40;

    /// <summary>
    /// The file's real path, every link on the way followed; it is that path which is to be loaded, so that nothing else is
    /// opened than was looked at.
    /// </summary>
    /// <exception cref="PluginException">It lies elsewhere than in the folder, or there is none.</exception>
    public static string Find(string path, string folder)
    {
        var file = Path.GetFullPath(Path.Combine(folder, path));
        if (Path.IsPathRooted(path) || !IsInside(file, folder))
            throw new PluginException($"must be a relative path that stays inside {folder}");
        if (!File.Exists(file))
            throw new PluginException(Directory.Exists(file) ? "is a folder; the plugin's assembly in it must be named" : $"there is no such file in {folder}");

        try
        {
            var real = RealPath(file);
            return IsInside(real, RealPath(folder)) ? real : throw new PluginException($"is a link that leaves {folder}, to {real}; the plugin itself must be there");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PluginException($"cannot be read: {e.Message}");
        }
    }

    /// <summary>The assemblies that it was compiled against.</summary>
    /// <exception cref="PluginException">It is no .NET assembly.</exception>
    public static IReadOnlyList<AssemblyName> ReferencesOf(string file)
    {
        try
        {
            using var image = new PEReader(File.OpenRead(file));
            if (image.HasMetadata && image.GetMetadataReader() is { IsAssembly: true } metadata)
                return [.. metadata.AssemblyReferences.Select(handle => metadata.GetAssemblyReference(handle).GetAssemblyName())];
        }
        catch (BadImageFormatException)
        {
            // Not even a program.
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new PluginException($"cannot be read: {e.Message}");
        }

        throw new PluginException("is not a .NET assembly");
    }

    private static bool IsInside(string file, string folder) =>
        file.StartsWith(Path.EndsInDirectorySeparator(folder) ? folder : folder + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string RealPath(string path, int links = 0)
    {
        if (links > MostLinks)
            throw new IOException("too many symbolic links");

        var real = Path.GetPathRoot(path)!;
        foreach (var part in path[real.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            real = Path.Combine(real, part);
            // The target may lie behind further links.
            if (File.ResolveLinkTarget(real, returnFinalTarget: true) is { } target)
                real = RealPath(target.FullName, links + 1);
        }

        return real;
    }
}

/// <summary>
/// Where one plugin's assemblies live. What it speaks with the host by is the host's own: SocketSync, Microsoft.Extensions and
/// the frameworks. Anything else it brings in the version that it was built with, whatever others have.
/// </summary>
internal sealed class PluginLoadContext : AssemblyLoadContext
{
    // Where the same name stands there twice, the first is the one that the runtime takes.
    private static readonly Dictionary<string, string> HostAssemblies =
        ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .DistinctBy(path => Path.GetFileNameWithoutExtension(path), StringComparer.OrdinalIgnoreCase)
            .ToDictionary(path => Path.GetFileNameWithoutExtension(path), path => path, StringComparer.OrdinalIgnoreCase);

    private readonly AssemblyDependencyResolver _resolver;

    public PluginLoadContext(string file)
        : base(file) => _resolver = new AssemblyDependencyResolver(file);

    protected override Assembly? Load(AssemblyName assemblyName) =>
        !IsShared(assemblyName.Name!) && _resolver.ResolveAssemblyToPath(assemblyName) is { } path ? LoadFromAssemblyPath(path) : null;

    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : 0;

    private static bool IsShared(string name) =>
        HostAssemblies.TryGetValue(name, out var path)
        && (name == typeof(IRequestProcessor).Assembly.GetName().Name
            || name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal)
            || IsOfFramework(path));

    // The host's own packages lie beside its program.
    private static bool IsOfFramework(string path) =>
        Path.GetDirectoryName(path) != Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);
}
