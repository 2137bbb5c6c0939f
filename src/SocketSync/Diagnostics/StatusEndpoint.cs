using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace SocketSync;

/// <summary><c>GET /api/status</c>: every resource and listener at this moment.</summary>
internal static class StatusEndpoint
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/status", static (Topology topology) => TypedResults.Json(Look(topology), StatusJson.Default.StatusBody));

    private static StatusBody Look(Topology topology) => new(
        topology.Resources.Values.ToDictionary(resource => resource.Name, resource => Look(topology, resource), StringComparer.Ordinal),
        topology.Bound.EndPoints.ToDictionary(endPoint => endPoint.Name, endPoint => Look(topology.Listeners[endPoint.Name], endPoint), StringComparer.Ordinal));

    private static ResourceStatus Look(Topology topology, SharedProcessor resource)
    {
        var gate = resource.Gate.GetStatus();
        var link = resource.Link?.GetStatus();
        var listeners = topology.ListenersOf(resource).ToList();
        return new ResourceStatus(
            resource.ProcessorName,
            State(gate, link),
            gate.QueueLength,
            gate.OldestWait.TotalSeconds,
            gate.Holder is { } holder ? new TurnStatus(holder.Id, holder.RemoteEndPoint?.ToString(), gate.Held.TotalSeconds) : null,
            link is null ? null : new LinkBody(link.State.ToString(), link.Connects, link.DiscardedBytes, link.LastError, resource.RestingUnits),
            Sum(Outcome.Ok),
            Sum(Outcome.Busy) + Sum(Outcome.Unavailable),
            Sum(Outcome.Timeout) + Sum(Outcome.Failed),
            Sum(Outcome.Abandoned));

        long Sum(Outcome outcome) => listeners.Sum(listener => listener.CountOf(outcome));
    }

    public static string State(in GateStatus gate, LinkStatus? link) =>
        gate.IsStuck ? "Stuck"
        : gate.IsPaused ? "Paused"
        : link is { State: LinkState.Down } ? "Unavailable"
        : gate.Holder is null ? "Idle" : "Busy";

    private static ListenerStatus Look(ListenerState listener, ListenerEndPoint endPoint) => new(
        endPoint.Address.UnixSocket ?? endPoint.Address.Address,
        endPoint.Port,
        listener.ConnectionCount,
        listener.Accepted,
        listener.Rejected);
}
