using System.Globalization;

namespace SocketSync.EndToEndTests;

/// <summary>
/// The descriptors of a process. A socket whose other side is gone, or that was never connected, is kept by the process alone; one
/// whose other side is open still may be what the test itself holds.
/// </summary>
/// <param name="Orphans">Sockets that nobody is at the other side of.</param>
/// <param name="Pipes">Ends of pipes.</param>
/// <param name="Terminals">Serial lines and pseudo-terminals.</param>
internal sealed record OpenDescriptors(int Orphans, int Pipes, int Terminals)
{
    private const int CloseWait = 8;

    public static OpenDescriptors Of(int process)
    {
        var (orphans, pipes, terminals) = (0, 0, 0);
        var connected = ConnectedSockets(process);
        foreach (var descriptor in Directory.EnumerateFiles($"/proc/{process}/fd"))
        {
            var target = TargetOf(descriptor);
            if (target.StartsWith("socket:", StringComparison.Ordinal) && !connected.Contains(target["socket:[".Length..^1])) orphans++;
            if (target.StartsWith("pipe:", StringComparison.Ordinal)) pipes++;
            if (target.StartsWith("/dev/pts/", StringComparison.Ordinal) || target.StartsWith("/dev/tty", StringComparison.Ordinal)) terminals++;
        }

        return new(orphans, pipes, terminals);
    }

    /// <summary>Whether what is open now is explained by what was open at the start, by so many links, and by so many clients.</summary>
    public bool IsExplainedBy(OpenDescriptors start, int links, long clients) =>
        Orphans <= start.Orphans + links + clients && Pipes <= start.Pipes + (8 * links) + 4 && Terminals <= start.Terminals + links + 1;

    /// <summary>The inodes of the sockets that listen, or that have another side.</summary>
    private static HashSet<string> ConnectedSockets(int process)
    {
        var inodes = new HashSet<string>(StringComparer.Ordinal);
        foreach (var table in (string[])["tcp", "tcp6", "udp", "udp6"])
        {
            foreach (var words in Rows(process, table))
                if (int.Parse(words[3], NumberStyles.HexNumber, CultureInfo.InvariantCulture) != CloseWait) inodes.Add(words[9]);
        }

        // One whose other side is gone still counts as connected there; tests that look at Unix sockets ask the server's status.
        foreach (var words in Rows(process, "unix")) inodes.Add(words[6]);
        return inodes;
    }

    private static IEnumerable<string[]> Rows(int process, string table) =>
        File.ReadAllLines($"/proc/{process}/net/{table}").Skip(1).Select(row => row.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    private static string TargetOf(string descriptor)
    {
        try
        {
            return new FileInfo(descriptor).LinkTarget ?? "";
        }
        catch (IOException)
        {
            return ""; // Closed meanwhile.
        }
    }
}
