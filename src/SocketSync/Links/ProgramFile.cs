namespace SocketSync;

/// <summary>Finds a program as a shell would: by its path, or by its name along PATH.</summary>
internal static class ProgramFile
{
    /// <param name="name">A path, where there is a slash in it, and else a name.</param>
    /// <param name="directory">What a path that is not a full one starts from; <see langword="null"/> for the current directory.</param>
    public static string? Find(string name, string? directory = null)
    {
        if (name.Contains('/', StringComparison.Ordinal) || Path.IsPathFullyQualified(name))
            return Existing(Path.GetFullPath(Path.Combine(directory ?? "", name)));

        var path = Environment.GetEnvironmentVariable("PATH") ?? "";
        var folders = path.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(f => Existing(Path.Combine(f, name))).FirstOrDefault(f => f is not null && IsExecutable(f));
    }

    public static bool IsExecutable(string file) =>
        OperatingSystem.IsWindows()
        || (File.GetUnixFileMode(file) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != UnixFileMode.None;

    private static string? Existing(string file) => File.Exists(file) ? file : null;
}
