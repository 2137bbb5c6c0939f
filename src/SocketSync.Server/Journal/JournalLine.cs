using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SocketSync;

/// <summary>A line of a journal, as <c>journal</c> reads it. What another version adds is passed over.</summary>
internal sealed record JournalLine
{
    public const string Turn = "turn";

    public const string Lease = "lease";

    /// <summary>Tells how many lines are missing in its place.</summary>
    public const string Missing = "lost";

    public string Kind { get; init; } = "";

    public string Resource { get; init; } = "";

    public string ConnectionId { get; init; } = "";

    public string? RemoteEndPoint { get; init; }

    public DateTimeOffset? QueuedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset EndedAt { get; init; }

    public string Outcome { get; init; } = "";

    public long RequestBytes { get; init; }

    public long ReplyBytes { get; init; }

    /// <summary>The bytes in hex, perhaps not all of them; null if they are not kept.</summary>
    public string? Request { get; init; }

    public string? Reply { get; init; }

    public long Lost { get; init; }

    /// <summary>How long it waited before its turn, or in vain.</summary>
    [JsonIgnore]
    public TimeSpan Waited => (StartedAt ?? EndedAt) - (QueuedAt ?? StartedAt ?? EndedAt);

    /// <summary>How long it had the resource.</summary>
    [JsonIgnore]
    public TimeSpan Took => EndedAt - (StartedAt ?? EndedAt);

    /// <summary>The client as it is shown: its address and port or, at a Unix socket, its id.</summary>
    [JsonIgnore]
    public string Client => RemoteEndPoint is { Length: > 0 } endPoint ? endPoint : ConnectionId;

    /// <summary>The client's address without its port: several connections of one machine have the same.</summary>
    [JsonIgnore]
    public string ClientAddress => IPEndPoint.TryParse(RemoteEndPoint ?? "", out var ip) ? ip.Address.ToString() : Client;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(JournalLine))]
internal sealed partial class JournalLineJson : JsonSerializerContext;

/// <summary>What is asked of a journal.</summary>
/// <param name="Resource">Of this resource only.</param>
/// <param name="Client">Of this client only: an address, an address and port, or an id.</param>
/// <param name="From">What ended at this time or later.</param>
internal sealed record JournalFilter(string? Resource, string? Client, DateTimeOffset? From)
{
    public bool Takes(JournalLine line) =>
        (From is not { } from || line.EndedAt >= from)
        && (line.Kind == JournalLine.Missing || (IsOf(line.Resource, Resource) && (Client is null || IsClient(line))));

    private bool IsClient(JournalLine line) => IsOf(line.Client, Client) || IsOf(line.ClientAddress, Client) || IsOf(line.ConnectionId, Client);

    private static bool IsOf(string value, string? wanted) => wanted is null || value.Equals(wanted, StringComparison.OrdinalIgnoreCase);
}

/// <summary>The files of a journal, read in the order in which they were written.</summary>
internal sealed class JournalReader
{
    private readonly List<string> _files;

    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    public JournalReader(IEnumerable<string> files) =>
        _files = [.. files.OrderBy(file => LinesOf(file).Select(Parse).FirstOrDefault(line => line is not null)?.EndedAt ?? DateTimeOffset.MaxValue)];

    /// <summary>How many lines were no lines of a journal: cut off by a kill, or by somebody else's hand.</summary>
    public long Damaged { get; private set; }

    /// <exception cref="IOException">A file cannot be read to its end.</exception>
    public IEnumerable<JournalLine> Read()
    {
        foreach (var text in _files.SelectMany(LinesOf))
        {
            if (Parse(text) is { } line) yield return line;
            else if (!string.IsNullOrWhiteSpace(text)) Damaged++;
        }
    }

    private static JournalLine? Parse(string text)
    {
        try
        {
            var line = JsonSerializer.Deserialize(text, JournalLineJson.Default.JournalLine);
            return line is { Kind.Length: > 0 } && line.EndedAt != default ? line : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<string> LinesOf(string file)
    {
        // The server may be writing it, and may begin another one.
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        while (reader.ReadLine() is { } line) yield return line;
    }
}
