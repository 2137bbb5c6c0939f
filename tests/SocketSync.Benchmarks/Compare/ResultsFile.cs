namespace SocketSync.Benchmarks;

/// <summary>The part of <c>performance.md</c> that is measured and not written.</summary>
internal static class ResultsFile
{
    private const string Begin = "<!-- results -->";
    private const string End = "<!-- /results -->";

    /// <exception cref="LoadFailureException">There is no place for results.</exception>
    public static void Check(string directory) => _ = Find(directory);

    public static void Write(string directory, string results)
    {
        var (file, text, begin, end) = Find(directory);
        File.WriteAllText(file, string.Concat(text.AsSpan(0, begin), "\n\n", results, "\n") + text[end..]);
    }

    private static (string File, string Text, int Begin, int End) Find(string directory)
    {
        var file = Path.Combine(directory, "performance.md");
        var text = File.Exists(file) ? File.ReadAllText(file) : "";
        var begin = text.IndexOf(Begin, StringComparison.Ordinal);
        var end = text.IndexOf(End, StringComparison.Ordinal);
        return begin >= 0 && end > begin
            ? (file, text, begin + Begin.Length, end)
            : throw new LoadFailureException($"--write {directory}: there is no performance.md with the lines {Begin} and {End}.");
    }
}
