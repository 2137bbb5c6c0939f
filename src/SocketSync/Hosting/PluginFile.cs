using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

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
