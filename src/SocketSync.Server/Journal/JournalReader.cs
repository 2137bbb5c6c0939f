namespace SocketSync;

/// <summary>What is asked of a journal.</summary>
/// <param name="Resource">Of this resource only.</param>
/// <param name="Client">Of this client only: an address, an address and port, or an id.</param>
/// <param name="From">What ended at this time or later.</param>
internal sealed record JournalFilter(string? Resource, string? Client, DateTimeOffset? From)
{
    public bool Takes(JournalLine line) =>
        (From is not { } from || line.EndedAt >= from)
        && (line.Kind == JournalLine.LostKind || (IsOf(line.Resource, Resource) && (Client is null || IsClient(line))));

    private bool IsClient(JournalLine line) => IsOf(line.Client, Client) || IsOf(line.Address, Client) || IsOf(line.ConnectionId, Client);

    private static bool IsOf(string value, string? wanted) => wanted is null || value.Equals(wanted, StringComparison.OrdinalIgnoreCase);
}

/// <summary>The files of a journal, read in the order in which they were written.</summary>
internal sealed class JournalReader
{
    private readonly List<string> _files;

    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public JournalReader(IEnumerable<string> files) =>
        _files = [.. files.OrderBy(file => LinesOf(file).Select(JournalLine.Parse).FirstOrDefault(line => line is not null)?.EndedAt ?? DateTimeOffset.MaxValue)];

    /// <summary>How many lines were no lines of a journal: cut off by a kill, or by somebody else's hand.</summary>
    public long Damaged { get; private set; }

    /// <exception cref="IOException">A file cannot be read to its end.</exception>
    public IEnumerable<JournalLine> Read()
    {
        foreach (var text in _files.SelectMany(LinesOf))
        {
            if (JournalLine.Parse(text) is { } line) yield return line;
            else if (!string.IsNullOrWhiteSpace(text)) Damaged++;
        }
    }

    private static IEnumerable<string> LinesOf(string file)
    {
        // The server may be writing it, and may begin another one.
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        while (reader.ReadLine() is { } line) yield return line;
    }
}
