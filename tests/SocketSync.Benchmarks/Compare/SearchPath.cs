namespace SocketSync.Benchmarks;

/// <summary>Where the system finds programs.</summary>
internal static class SearchPath
{
    public static string? Find(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Append("/usr/sbin") // where Debian puts HAProxy, and no user's PATH need lead
        .Select(directory => Path.Combine(directory, program))
        .FirstOrDefault(File.Exists);
}
