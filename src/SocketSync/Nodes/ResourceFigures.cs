using System.Text.Json.Serialization;

namespace SocketSync;

/// <summary>The figures of a resource, as this node has them.</summary>
internal static class ResourceFigures
{
    /// <summary>All that <see cref="State"/> says.</summary>
    public static readonly IReadOnlyList<string> States = ["Idle", "Busy", "Paused", "Unavailable", "Stuck"];

    public static ResourceStatus Of(Topology topology, SharedResource resource) =>
        Of(resource, resource.Gate.GetStatus(), resource.Link?.GetStatus(), RequestCounts.Of(topology.RoutesTo(resource)));

    public static ResourceStatus Of(SharedResource resource, in GateStatus gate, LinkStatus? link, RequestCounts counts) => new(
        resource.ProcessorName,
        State(gate, link),
        gate.QueueLength,
        gate.OldestWait.TotalSeconds,
        gate.Holder is { } holder ? new TurnStatus(holder.Id, holder.RemoteEndPoint?.ToString(), gate.Held.TotalSeconds) : null,
        link is null ? null : new LinkBody(link.State.ToString(), link.Connects, link.DiscardedBytes, link.Retries, link.LastError, resource.RestingUnits, link.LastErrorAt, link.DownSince),
        counts.Completed,
        counts.Refused,
        counts.Failed,
        counts.Abandoned,
        counts.Cached,
        counts.Denied);

    public static string State(in GateStatus gate, LinkStatus? link) =>
        gate.IsStuck ? "Stuck"
        : gate.IsPaused ? "Paused"
        : link is { State: LinkState.Down } ? "Unavailable"
        : gate.Holder is null ? "Idle" : "Busy";
}

/// <summary>How requests ended.</summary>
internal readonly record struct RequestCounts(long Completed, long Refused, long Failed, long Abandoned, long Cached, long Denied)
{
    public long Total => Completed + Refused + Failed + Abandoned + Cached + Denied;

    public static RequestCounts Of(IEnumerable<Route> routes)
    {
        var sum = default(RequestCounts);
        foreach (var route in routes)
        {
            sum += new RequestCounts(
                route.CountOf(Outcome.Ok),
                route.CountOf(Outcome.Busy) + route.CountOf(Outcome.Unavailable),
                route.CountOf(Outcome.Timeout) + route.CountOf(Outcome.Failed),
                route.CountOf(Outcome.Abandoned),
                route.CountOf(Outcome.Cached),
                route.CountOf(Outcome.Denied));
        }

        return sum;
    }

    public static RequestCounts Of(ResourceStatus status) =>
        new(status.Completed, status.Refused, status.Failed, status.Abandoned, status.Cached, status.Denied);

    public static RequestCounts operator +(RequestCounts a, RequestCounts b) => new(
        a.Completed + b.Completed, a.Refused + b.Refused, a.Failed + b.Failed, a.Abandoned + b.Abandoned, a.Cached + b.Cached, a.Denied + b.Denied);
}

/// <summary>A resource in <c>/api/status</c>.</summary>
[JsonDerivedType(typeof(PlacedResourceStatus))]
internal record ResourceStatus(
    string Processor,
    string State,
    int QueueLength,
    double OldestWaitSeconds,
    TurnStatus? Turn,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] LinkBody? Link,
    long Completed,
    long Refused,
    long Failed,
    long Abandoned,
    long Cached,
    long Denied);

/// <summary>The same, where several nodes share it: with the node that owns it and its epoch, or without them while nobody does.</summary>
internal sealed record PlacedResourceStatus : ResourceStatus
{
    public PlacedResourceStatus(ResourceStatus figures, RequestCounts counts, string? node, long? epoch)
        : base(figures)
    {
        (Completed, Refused, Failed, Abandoned, Cached, Denied) = counts;
        (Node, Epoch) = (node, epoch);
    }

    public string? Node { get; }

    public long? Epoch { get; }
}

internal sealed record TurnStatus(string ConnectionId, string? RemoteEndPoint, double HeldSeconds);

internal sealed record LinkBody(string State, long Connects, long DiscardedBytes, long Retries, string? LastError, IReadOnlyList<int> Resting, DateTimeOffset? LastErrorAt, DateTimeOffset? DownSince);

internal sealed record ListenerStatus(string Address, int? Port, int Connections, long Accepted, long Rejected)
{
    public static IReadOnlyDictionary<string, ListenerStatus> Of(Topology topology) =>
        topology.Bound.EndPoints.Where(endPoint => !endPoint.IsForward).ToDictionary(endPoint => endPoint.Name, endPoint => Of(topology.Listeners[endPoint.Name], endPoint), StringComparer.Ordinal);

    private static ListenerStatus Of(ListenerState listener, ListenerEndPoint endPoint) => new(
        endPoint.Address.UnixSocket ?? endPoint.Address.Address,
        endPoint.Port,
        listener.ConnectionCount,
        listener.Accepted,
        listener.Rejected);
}
