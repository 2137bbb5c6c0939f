using System.Text.Json;
using System.Text.Json.Serialization;

namespace SocketSync;

/// <summary>What a node tells the others of itself, twice a second.</summary>
/// <remarks>
/// Between versions: members may be added, and a reader ignores those that it does not know and does without those that are missing.
/// None may change its meaning.
/// </remarks>
/// <param name="Node">Its name.</param>
/// <param name="Version">Its version.</param>
/// <param name="Address">Where it talks to other nodes.</param>
/// <param name="Connections">How many clients are connected to its listeners.</param>
/// <param name="Resources">Those that it owns, and those of which it has counted requests.</param>
/// <param name="Listeners">Its listeners.</param>
/// <param name="Pauses">What operators want of resources, as far as it has heard.</param>
internal sealed record StatusReport(
    string? Node,
    string? Version,
    string? Address,
    int Connections,
    IReadOnlyDictionary<string, ResourceReport>? Resources,
    IReadOnlyDictionary<string, ListenerStatus>? Listeners,
    IReadOnlyDictionary<string, PauseWish>? Pauses)
{
    public int Owned => Resources?.Values.Count(resource => resource.Epoch is not null) ?? 0;

    public ResourceReport? Of(string resource) => Resources?.GetValueOrDefault(resource);

    public string ToJson() => JsonSerializer.Serialize(this, ReportJson.Default.StatusReport);

    /// <exception cref="JsonException">It is not one.</exception>
    public static StatusReport Parse(string json)
    {
        var report = JsonSerializer.Deserialize(json, ReportJson.Default.StatusReport) ?? throw new JsonException("The report is null.");
        return report with
        {
            Resources = report.Resources?.ToDictionary(StringComparer.OrdinalIgnoreCase),
            Pauses = report.Pauses?.ToDictionary(StringComparer.OrdinalIgnoreCase),
        };
    }
}

/// <summary>A resource, as the node has it that reports.</summary>
/// <param name="Epoch">The epoch in which the node owns it; <see langword="null"/> where it has only counted requests.</param>
/// <param name="Status">Its figures, as in <c>/api/status</c>.</param>
/// <param name="Health">What is wrong with it, in one line; <see langword="null"/> where nothing is.</param>
/// <param name="MaxQueue">How many requests may wait.</param>
/// <param name="IsPaused">Whether granting is paused; a turn may still be in progress.</param>
/// <param name="LinkDescription">What its link leads to.</param>
/// <param name="Waiters">The head of its queue.</param>
internal sealed record ResourceReport(
    long? Epoch,
    ResourceStatus? Status,
    string? Health,
    int MaxQueue,
    bool IsPaused,
    string? LinkDescription,
    IReadOnlyList<WaiterReport>? Waiters)
{
    /// <summary>How many of those who wait are listed one by one.</summary>
    public const int MaxWaiters = 12;
}

/// <summary>A client that waits in the queue.</summary>
internal sealed record WaiterReport(string ConnectionId, string? RemoteEndPoint, string? Priority, double WaitedSeconds);

/// <summary>That an operator wants a resource to be paused, or not any more. The greater stamp counts, on every node.</summary>
internal sealed record PauseWish(bool IsPaused, long Stamp, string? Node);

/// <summary>The clients that a node knows.</summary>
internal sealed record ClientsReport(int Total, IReadOnlyList<ClientReport>? Clients);

/// <summary>A client, as a node knows it.</summary>
/// <param name="Entry">What is listed of it.</param>
/// <param name="IsServed">Whether this node serves it: it owns the resource. Else the client is on its way to the node that does.</param>
internal sealed record ClientReport(ConnectionEntry Entry, bool IsServed);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(StatusReport))]
[JsonSerializable(typeof(ClientsReport))]
[JsonSerializable(typeof(Dictionary<string, PauseWish>))]
internal sealed partial class ReportJson : JsonSerializerContext;
