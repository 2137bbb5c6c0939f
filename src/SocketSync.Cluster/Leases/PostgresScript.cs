namespace SocketSync;

/// <summary>The scripts that make the tables: those in the documents, for who has to run them by hand, are the ones that are run here.</summary>
internal static class PostgresScript
{
    /// <param name="path">Where the script is in the source, and in this assembly.</param>
    public static string Read(string path)
    {
        using var stream = typeof(PostgresScript).Assembly.GetManifestResourceStream(path)
            ?? throw new InvalidOperationException($"{path} is not in the assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
