using System.Text.Json;
using System.Text.Json.Serialization;

namespace SocketSync.EndToEndTests;

/// <summary>What <c>GET /api/status</c> tells.</summary>
internal sealed record ServerStatus(Dictionary<string, ResourceStatus> Resources, Dictionary<string, ListenerStatus> Listeners)
{
    /// <summary>The resource "Default", which most tests have.</summary>
    public ResourceStatus Resource => Resources["Default"];

    /// <summary>The listener "Default", which most tests have.</summary>
    public ListenerStatus Listener => Listeners["Default"];

    public override string ToString() => JsonSerializer.Serialize(this);
}

internal sealed record ResourceStatus(
    string Processor,
    string State,
    int QueueLength,
    double? OldestWaitSeconds,
    TurnStatus? Turn,
    LinkStatus? Link,
    long Completed,
    long Cached,
    long Refused,
    long Failed,
    long Abandoned,
    long Denied);

internal sealed record TurnStatus(string ConnectionId, string? RemoteEndPoint, double HeldSeconds);

internal sealed record LinkStatus(string State, long Connects, long DiscardedBytes, long Retries, string? LastError, int[] Resting);

internal sealed record ListenerStatus(string Address, [property: JsonPropertyName("port")] int? TcpPort, long Connections, long Accepted, long Rejected)
{
    /// <summary>Where there is one: a Unix socket has none.</summary>
    [JsonIgnore]
    public int Port => TcpPort!.Value;
}
