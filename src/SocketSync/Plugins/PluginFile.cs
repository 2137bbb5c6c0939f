using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Runtime.Loader;

namespace SocketSync;

/// <summary>Checks a plugin's file before anything in it is loaded: where it is, and what it was built against.</summary>
internal static class PluginFile
{
    /// <summary>The limit of Linux (path_resolution(7)); two links that lead through each other never end.</summary>
    private const int MostLinks = 40;

    /// <summary>
    /// Returns the file's real path, with every symbolic link resolved. Load the assembly from this path, so that the file
    /// that was checked is the one that is opened.
    /// </summary>
    /// <exception cref="PluginException">The file is outside the folder, does not exist, or cannot be read.</exception>
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

    /// <summary>Returns the assemblies that the plugin was compiled against.</summary>
    /// <exception cref="PluginException">The file is not a .NET assembly, or cannot be read.</exception>
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
            // Not a PE file; reported below.
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
            // The target's path may contain further links.
            if (File.ResolveLinkTarget(real, returnFinalTarget: true) is { } target)
                real = RealPath(target.FullName, links + 1);
        }

        return real;
    }
}

/// <summary>
/// The load context of one plugin. The assemblies that it shares with the host are the host's: SocketSync,
/// Microsoft.Extensions and the frameworks. All others are loaded in the version that the plugin was built with, whatever
/// the host or other plugins use.
/// </summary>
internal sealed class PluginLoadContext : AssemblyLoadContext
{
    // If a name appears twice, the runtime uses the first. Empty where the host is one file, which holds its assemblies.
    private static readonly Dictionary<string, string> HostAssemblies =
        ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .DistinctBy(path => Path.GetFileNameWithoutExtension(path), StringComparer.OrdinalIgnoreCase)
            .ToDictionary(path => Path.GetFileNameWithoutExtension(path), path => path, StringComparer.OrdinalIgnoreCase);

    private readonly AssemblyDependencyResolver _resolver;

    public PluginLoadContext(string file)
        : base(file) => _resolver = new AssemblyDependencyResolver(file);

    protected override Assembly? Load(AssemblyName assemblyName) =>
        _resolver.ResolveAssemblyToPath(assemblyName) is { } path && !IsShared(assemblyName.Name!) ? LoadFromAssemblyPath(path) : null;

    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : 0;

    private static bool IsShared(string name)
    {
        var isNamed = name == typeof(IRequestProcessor).Assembly.GetName().Name || name.StartsWith("Microsoft.Extensions.", StringComparison.Ordinal);
        if (HostAssemblies.TryGetValue(name, out var path)) return isNamed || IsOfFramework(path);
        return HostAssemblies.Count == 0 && OfHost(name) is { } assembly && (isNamed || IsOfFramework(assembly));
    }

    // The host's own packages are in its program folder.
    private static bool IsOfFramework(string path) =>
        Path.GetDirectoryName(path) != Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);

    // In one file nothing has a path; the frameworks' assemblies are those that were built together with the runtime.
    private static bool IsOfFramework(Assembly assembly) => VersionOf(assembly) is { } version && version == VersionOf(typeof(object).Assembly);

    private static string? VersionOf(Assembly assembly) => assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;

    private static Assembly? OfHost(string name)
    {
        try
        {
            return Default.LoadFromAssemblyName(new AssemblyName(name));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }
}
