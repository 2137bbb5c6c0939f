using System.Text.Json;
using System.Text.Json.Serialization;

namespace SocketSync;

/// <summary>What a node tells the others of itself. Travels as JSON, so that nodes of different versions understand each other.</summary>
internal sealed record NodeReport
{
    /// <summary>The node's name.</summary>
    public required string Node { get; init; }

    /// <summary>Told apart from other lives of the node: milliseconds since 1970 at its start.</summary>
    public required long Instance { get; init; }

    /// <summary>Grows with each change of the report.</summary>
    public required long Version { get; init; }

    /// <summary>Where the node takes the clients of others: an address and a port.</summary>
    public required string Forward { get; init; }

    /// <summary>Whether the node is stopping, and takes nothing over.</summary>
    public bool IsLeaving { get; init; }

    /// <summary>The resources that it owns.</summary>
    /// <remarks>Never null, though a report without them is read as one with null.</remarks>
    public IReadOnlyDictionary<string, ResourceClaim> Resources { get; init => field = value ?? field; } = new Dictionary<string, ResourceClaim>(StringComparer.OrdinalIgnoreCase);

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, NodeJson.Default.NodeReport);

    public static NodeReport? OfJson(byte[] json)
    {
        if (json.Length == 0 || JsonSerializer.Deserialize(json, NodeJson.Default.NodeReport) is not { } report)
            return null;
        // What is missing becomes null, whatever it is initialized with.
        return report with { Resources = report.Resources ?? new Dictionary<string, ResourceClaim>(StringComparer.OrdinalIgnoreCase) };
    }
}

/// <summary>A node says that it owns a resource.</summary>
/// <param name="Epoch">The term's number.</param>
/// <param name="IsLeaving">Whether it is about to give it up: who asks now waits for the next owner.</param>
/// <param name="Successor">The node that an operator moves it to.</param>
internal sealed record ResourceClaim(long Epoch, bool IsLeaving = false, string? Successor = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(NodeReport))]
internal sealed partial class NodeJson : JsonSerializerContext;
