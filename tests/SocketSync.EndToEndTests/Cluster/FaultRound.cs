using System.Diagnostics;

namespace SocketSync.EndToEndTests;

/// <summary>One fault: clients of both devices ask all the while, before it, during it and after it.</summary>
internal sealed class FaultRound : IAsyncDisposable
{
    private readonly FaultCluster _cluster;
    private readonly Dictionary<string, ClusterClients> _clients;

    private FaultRound(FaultCluster cluster)
    {
        _cluster = cluster;
        _clients = new[] { FaultCluster.Judged, FaultCluster.Relayed }
            .ToDictionary(resource => resource, resource => new ClusterClients(cluster.Nodes.Nodes, resource), StringComparer.Ordinal);
    }

    /// <summary>The moment of the fault, as a time stamp of the stopwatch.</summary>
    public long Moment { get; private set; }

    public IReadOnlyDictionary<string, ClusterClients> Clients => _clients;

    public static async Task<FaultRound> BeginAsync(FaultCluster cluster)
    {
        await cluster.MakeWholeAsync();
        var round = new FaultRound(cluster);
        foreach (var clients in round._clients.Values) await clients.WaitUntilServedAsync();
        return round;
    }

    /// <summary>The resources of a node that others may own too.</summary>
    public string[] SharedOf(ClusterNode node) => [.. node.Terms().Keys.Where(_clients.ContainsKey)];

    public void Strike(Action fault)
    {
        Moment = Stopwatch.GetTimestamp();
        fault();
    }

    /// <summary>Waits until each of these resources is used by a later owner, and tells how long that took.</summary>
    public async Task AssertTakenOverAsync(IEnumerable<string> resources, TimeSpan bound)
    {
        foreach (var resource in resources)
        {
            var device = _cluster.Device(resource);
            var last = LastBefore(device);
            var took = await device.WaitForAsync(Moment, request => request.Epoch > last, bound, () => $"{resource} is not served by a new owner; {_cluster.Nodes.Where()}");
            Tell($"{resource} was taken over after {took.TotalSeconds:0.00} s");
        }
    }

    /// <summary>Waits until each resource is used after a moment, by whomever.</summary>
    public async Task AssertServedAsync(long moment, TimeSpan bound)
    {
        foreach (var (resource, _) in _clients)
        {
            var took = await _cluster.Device(resource).WaitForAsync(moment, _ => true, bound, () => $"{resource} is not served; {_cluster.Nodes.Where()}");
            Tell($"{resource} was back after {took.TotalSeconds:0.00} s");
        }
    }

    /// <summary>All are served, and then it is judged.</summary>
    /// <param name="nothingLost">Whether nothing has died by it.</param>
    public async Task JudgeAsync(bool nothingLost = false)
    {
        foreach (var (resource, clients) in _clients)
        {
            await clients.WaitUntilServedAsync(TimeSpan.FromSeconds(30));
            var asked = await clients.StopAsync();
            Judgement.AssertTrueToTheClients(_cluster.Device(resource), asked);
            if (nothingLost) Judgement.AssertNothingLost(_cluster.Device(resource), asked);
        }

        _cluster.Judge();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var clients in _clients.Values) await clients.DisposeAsync();
    }

    public static void Tell(string what) => TestContext.Current.TestOutputHelper?.WriteLine(what);

    // A request that was on its way at the moment of the fault is the old owner's.
    private long LastBefore(JudgeDevice device) => device.Requests.Where(request => request.At <= Moment).Max(request => request.Epoch);
}
