using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SocketSync;

/// <summary>A line of a journal that is read back. What another version adds is passed over.</summary>
internal sealed record JournalLine
{
    public const string TurnKind = "turn";

    public const string LeaseKind = "lease";

    /// <summary>Tells how many lines are missing in its place.</summary>
    public const string LostKind = "lost";

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
    public string Address => IPEndPoint.TryParse(RemoteEndPoint ?? "", out var ip) ? ip.Address.ToString() : Client;

    /// <returns><see langword="null"/> if the text is no whole line of a journal.</returns>
    public static JournalLine? Parse(string text)
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
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(JournalLine))]
internal sealed partial class JournalLineJson : JsonSerializerContext;
