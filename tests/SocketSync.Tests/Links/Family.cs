using System.Diagnostics;
using System.Globalization;

namespace SocketSync.Tests;

/// <summary>Scripts that leave descendants of every kind behind, and what /proc says of them.</summary>
internal static class Family
{
    /// <summary>The one kind that nothing tells from a stranger.</summary>
    public const string OutOfReach = "(env -i setsid sh -c 'echo $$; exec sleep 1000' &)";

    /// <summary>Each says its id when it has become what it is to be.</summary>
    public static IReadOnlyDictionary<string, string> Kinds { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["plain"] = "sh -c 'echo $$; exec sleep 1000' &",
        ["its parent has died"] = "(sh -c 'echo $$; exec sleep 1000' &)",
        ["of a session of its own"] = "setsid sh -c 'echo $$; exec sleep 1000' &",
        ["of a session of its own, its parent has died"] = "(setsid sh -c 'echo $$; exec sleep 1000' &)",
        ["of a cleared environment"] = "env -i sh -c 'echo $$; exec sleep 1000' &",
        ["of a cleared environment, its parent has died"] = "(env -i sh -c 'echo $$; exec sleep 1000' &)",
        ["of a cleared environment, with a session of its own"] = "env -i setsid sh -c 'echo $$; exec sleep 1000' &",
        ["deaf"] = "sh -c 'trap \"\" TERM INT HUP QUIT; echo $$; while :; do sleep 1000; done' &",
    };

    public static bool IsOrphan(string kind) => kind.EndsWith("has died", StringComparison.Ordinal);

    /// <summary>
    /// A child that says its own id and that of each descendant, in lines that begin with their place in the order, and goes on
    /// until it is killed.
    /// </summary>
    public static string Script(params IEnumerable<string> descendants)
    {
        var numbered = descendants.Select((d, i) => d.Replace("echo $$", string.Create(CultureInfo.InvariantCulture, $"echo {i + 1} $$"), StringComparison.Ordinal));
        return $"echo 0 $$\n{string.Join('\n', numbered)}\nexec sleep 1000";
    }

    /// <summary>Reads what <see cref="Script"/> says.</summary>
    public static async Task<List<int>> ReadAsync(Process child, int count)
    {
        var ids = new int[count];
        for (var i = 0; i < count; i++)
        {
            var words = (await child.StandardOutput.ReadLineAsync(LinkTesting.Token).Soon())!.Split(' ');
            ids[Parse(words[0])] = Parse(words[1]);
        }

        return [.. ids];
    }

    public static bool IsMissingATool => new[] { "sh", "setsid", "env", "sleep" }.Any(tool => ProgramFile.Find(tool) is null);

    public static void RequireTools()
    {
        if (Environment.GetEnvironmentVariable("CI") == "true") Assert.False(IsMissingATool, "sh, setsid, env or sleep is missing");
        Assert.SkipWhen(!OperatingSystem.IsLinux() || IsMissingATool, "needs /proc, sh, setsid, env and sleep");
    }

    public static int Parse(string line) => int.Parse(line, CultureInfo.InvariantCulture);

    /// <summary>Waits until a descendant has lost its parent, so that only a mark or a session could tell whose it is.</summary>
    /// <remarks>A parent that is just dying has no environment any more, but still its children.</remarks>
    public static Task OrphanedAsync(int id, string mark) => LinkTesting.UntilAsync(
        () => Parse(Stat(id)[1]) is var parent && (parent == 1 || (Read(parent, "environ") is { Length: > 0 } marks && !marks.Contains(mark, StringComparison.Ordinal))),
        "the death of its parent");

    /// <summary>State, parent, process group, session.</summary>
    public static string[] Stat(int id)
    {
        var stat = Read(id, "stat");
        return stat.Length == 0 ? [] : stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
    }

    public static void Kill(IEnumerable<int> ids)
    {
        foreach (var id in ids.Where(LinkTesting.IsAlive))
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }
    }

    public static string Read(int id, string name)
    {
        try
        {
            return File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{id}/{name}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
