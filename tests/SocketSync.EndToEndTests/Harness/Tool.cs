namespace SocketSync.EndToEndTests;

/// <summary>Programs that others wrote. Without them a test is skipped, except where CI has installed them.</summary>
internal static class Tool
{
    public static void Require(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (!Exists(name)) Missing($"{name} is not installed");
        }
    }

    /// <summary>Ends the test because something of others is not there.</summary>
    public static void Missing(string why)
    {
        if (Environment.GetEnvironmentVariable("CI") is "true" or "1") Assert.Fail(why);
        Assert.Skip(why);
    }

    private static bool Exists(string name) => name.Contains('/', StringComparison.Ordinal)
        ? File.Exists(name)
        : Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(folder => File.Exists(Path.Combine(folder, name)));
}
