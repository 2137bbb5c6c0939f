using System.Runtime.CompilerServices;

namespace SocketSync.Tests;

/// <summary>The sources that this was built from, for rules that the compiler does not know.</summary>
internal static class SourceFiles
{
    public static IReadOnlyList<(string Path, string Text)> Of(string folder)
    {
        var root = Path.Combine(Root(), folder);
        if (!Directory.Exists(root))
            Assert.Skip($"the sources are not where they were built: {root}");
        var skipped = new[] { $"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", $"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}" };
        return [.. Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Where(path => !Array.Exists(skipped, part => path.Contains(part, StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal)
            .Select(path => (path, File.ReadAllText(path)))];
    }

    /// <summary>The text of a document that stands beside the sources.</summary>
    public static string Document(string name) => File.ReadAllText(PathTo(name));

    /// <summary>The README and all below docs, by their paths from the top.</summary>
    public static IReadOnlyList<(string Path, string Text)> Documents()
    {
        var readme = PathTo("README.md");
        return [.. Directory.EnumerateFiles(PathTo("docs"), "*.md", SearchOption.AllDirectories).Prepend(readme)
            .Order(StringComparer.Ordinal)
            .Select(path => (Path.GetRelativePath(Root(), path), File.ReadAllText(path)))];
    }

    /// <summary>Where such a document, or a folder of them, is.</summary>
    public static string PathTo(string name)
    {
        var path = Path.Combine(Root(), name);
        if (!Path.Exists(path))
            Assert.Skip($"the sources are not where they were built: {path}");
        return path;
    }

    /// <summary>Whether there is such a file or folder.</summary>
    public static bool Exists(string name) => Path.Exists(Path.Combine(Root(), name));

    private static string Root([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", ".."));
}
