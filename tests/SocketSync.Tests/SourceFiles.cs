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

    /// <summary>Any file of the repository.</summary>
    public static string Text(string path)
    {
        var file = Path.Combine(Root(), path);
        if (!File.Exists(file))
            Assert.Skip($"the sources are not where they were built: {file}");
        return File.ReadAllText(file);
    }

    private static string Root([CallerFilePath] string path = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(path)!, "..", ".."));
}
