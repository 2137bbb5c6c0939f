using System.Text.Json.Serialization;

namespace SocketSync;

/// <summary>The body of <c>/health/ready</c>.</summary>
internal sealed record ReadinessBody(string Status, IReadOnlyDictionary<string, ReadinessEntry> Resources);

internal sealed record ReadinessEntry(string Status, string? Description);

/// <summary>The body of <c>/api/status</c>.</summary>
internal sealed record StatusBody(
    IReadOnlyDictionary<string, ResourceStatus> Resources, IReadOnlyDictionary<string, ListenerStatus> Listeners);

internal sealed record ResourceStatus(
    string Processor,
    string State,
    int QueueLength,
    double OldestWaitSeconds,
    TurnStatus? Turn,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] LinkBody? Link,
    long Completed,
    long Refused,
    long Failed,
    long Abandoned);

internal sealed record TurnStatus(string ConnectionId, string? RemoteEndPoint, double HeldSeconds);

internal sealed record LinkBody(string State, long Connects, long DiscardedBytes, string? LastError, IReadOnlyList<int> Resting);

internal sealed record ListenerStatus(string Address, int? Port, int Connections, long Accepted, long Rejected);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ReadinessBody))]
[JsonSerializable(typeof(StatusBody))]
internal sealed partial class StatusJson : JsonSerializerContext;
