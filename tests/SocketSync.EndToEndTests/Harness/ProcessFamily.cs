using System.Diagnostics;
using System.Globalization;

namespace SocketSync.EndToEndTests;

/// <summary>A process and all that descend from it, whoever their parent is now: they have inherited a mark in their environment.</summary>
internal sealed class ProcessFamily
{
    private const string Name = "TEST_FAMILY";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly string _mark = Guid.NewGuid().ToString("N");

    public void Mark(IDictionary<string, string?> environment) => environment[Name] = _mark;

    public int Count => Alive().Count;

    /// <summary>When their ancestor has ended: tells of those that live on, and ends them.</summary>
    public async Task TellOfSurvivorsAsync()
    {
        var watch = Stopwatch.StartNew();
        List<(int Id, string Command)> survivors;
        while ((survivors = Alive()).Count > 0 && watch.Elapsed < Patience) await Task.Delay(20);
        if (survivors.Count == 0) return;

        foreach (var (id, _) in survivors) End(id);
        Findings.Tell($"{Patience} after the server's end there live on: {string.Join("; ", survivors.Select(s => $"{s.Id} {s.Command}"))}");
    }

    private static void End(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    private List<(int Id, string Command)> Alive()
    {
        var alive = new List<(int Id, string Command)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var id)) continue;
            try
            {
                if (Environment(folder).Contains($"{Name}={_mark}", StringComparison.Ordinal))
                    alive.Add((id, File.ReadAllText($"{folder}/cmdline").Replace('\0', ' ')));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile, or is another user's.
            }
        }

        return alive;
    }

    /// <summary>
    /// A process in the middle of an exec has an executable, and neither arguments nor an environment yet; a dead one has none of all, and
    /// one whose environment was cleared has arguments, as often as one looks.
    /// </summary>
    private static string Environment(string folder)
    {
        var environment = File.ReadAllText($"{folder}/environ");
        for (var looks = 0; environment.Length == 0 && looks < 3 && File.ResolveLinkTarget($"{folder}/exe", returnFinalTarget: false) is not null; Thread.Yield())
        {
            if (File.ReadAllText($"{folder}/cmdline").Length > 0) looks++;
            environment = File.ReadAllText($"{folder}/environ");
        }

        return environment;
    }
}
