using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;

namespace SocketSync;

/// <summary>
/// The meter <c>SocketSync</c>. Figures that are counted anyway are read when the meter is observed, and durations that are not recorded yet
/// are recorded then.
/// </summary>
internal sealed class SocketSyncMeter
{
    public const string Name = "SocketSync";
    public const string RequestsName = "socketsync.requests";
    public const string StatesName = "socketsync.resource.state";

    private readonly IServiceProvider _services;

    public SocketSyncMeter(IMeterFactory factory, IServiceProvider services)
    {
        _services = services;
        Meter = factory.Create(Name);
        Meter.CreateObservableCounter(RequestsName, Requests, "{request}", "Requests, by how they ended.");
        Meter.CreateObservableUpDownCounter("socketsync.gate.queue.length", QueueLengths, "{request}", "Requests that wait for their turn.");
        Meter.CreateObservableUpDownCounter("socketsync.connections.active", ActiveConnections, "{connection}", "Clients that are connected.");
        Meter.CreateObservableCounter("socketsync.connections.rejected", RejectedConnections, "{connection}", "Clients that were closed unserved.");
        Meter.CreateObservableGauge(StatesName, ResourceStates, unit: null, "What the resource does: 1 for its state, 0 for the others.");
        Meter.CreateObservableGauge("socketsync.build.info", () => new Measurement<int>(1, new KeyValuePair<string, object?>("version", LocalNode.Version)), unit: null, "The version of this server.");
        Meter.CreateObservableCounter("socketsync.journal.lost", JournalLost, "{line}", "Lines of the journal that could not be written.");
        Meter.CreateObservableGauge("socketsync.link.up", () => Links(link => link.State.IsUp() ? 1 : 0), unit: null, "Whether the link to the device is open: 1, else 0.");
        Meter.CreateObservableCounter("socketsync.link.connects", () => Links(link => link.Connects), "{connect}", "How often the link to the device was opened.");
        Meter.CreateObservableCounter("socketsync.link.discarded", () => Links(link => link.DiscardedBytes), "By", "What the device sent when nobody had asked, or for somebody else.");
    }

    public Meter Meter { get; }

    /// <summary>Resolved late, because the topology is created with this meter.</summary>
    private Topology Topology => _services.GetRequiredService<Topology>();

    private IEnumerable<Measurement<long>> Requests()
    {
        // Observed first, and before whoever observes looks at the histograms.
        foreach (var resource in Topology.Resources.Values)
            resource.Gate.RecordDurations();
        return CountedRequests();
    }

    private IEnumerable<Measurement<long>> CountedRequests() =>
        (from listener in Topology.Listeners.Values
        from route in listener.Routes
        from outcome in OutcomeNames.Counted
        select RequestsOf(listener.Name, route.Resource.Name, outcome, route.CountOf(outcome)))
        .Concat(
            from listener in Topology.Listeners.Values
            let units = listener.Units
            where units is not null
            select RequestsOf(listener.Name, resource: "", Outcome.Unavailable, units.LostRequests))
        .Concat(
            from local in Topology.UsedLocally
            from outcome in OutcomeNames.Counted
            select RequestsOf(local.ListenerName, local.Name, outcome, local.Route.CountOf(outcome)));

    private static Measurement<long> RequestsOf(string listener, string resource, Outcome outcome, long count) =>
        new(count, new("resource", resource), new("listener", listener), new("outcome", outcome.Code()));

    private IEnumerable<Measurement<int>> QueueLengths() =>
        Topology.Resources.Values.Select(resource => new Measurement<int>(
            resource.Gate.QueueLength, new KeyValuePair<string, object?>("resource", resource.Name)));

    private IEnumerable<Measurement<int>> ActiveConnections() =>
        Topology.Listeners.Values.Select(listener => new Measurement<int>(
            listener.ConnectionCount, new KeyValuePair<string, object?>("listener", listener.Name)));

    private IEnumerable<Measurement<long>> RejectedConnections() =>
        Topology.Listeners.Values.Select(listener => new Measurement<long>(
            listener.Rejected, new KeyValuePair<string, object?>("listener", listener.Name)));

    private IEnumerable<Measurement<int>> ResourceStates() =>
        from resource in Topology.Resources.Values
        let now = ResourceFigures.State(resource.Gate.GetStatus(), resource.Link?.GetStatus())
        from state in ResourceFigures.States
        select new Measurement<int>(state == now ? 1 : 0, new("resource", resource.Name), new("state", state));

    private IEnumerable<Measurement<long>> JournalLost() =>
        _services.GetRequiredService<SocketSyncOptions>().Journal.Path is null ? [] : [new(_services.GetRequiredService<JournalWriter>().Lost)];

    private IEnumerable<Measurement<T>> Links<T>(Func<LinkStatus, T> read)
        where T : struct =>
        from resource in Topology.Resources.Values
        let link = resource.Link
        where link is not null
        select new Measurement<T>(read(link.GetStatus()), new KeyValuePair<string, object?>("resource", resource.Name));
}
