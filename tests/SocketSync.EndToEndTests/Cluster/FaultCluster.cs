using System.Globalization;
using SocketSync.Tests;

namespace SocketSync.EndToEndTests;

/// <summary>
/// Three nodes that share two devices, one behind a processor that tells its epoch and one behind a relay; a third device only node "a"
/// may use. They run on from test to test; whatever a test does to them, the next one makes them whole again.
/// </summary>
public abstract class FaultCluster : IAsyncLifetime
{
    /// <summary>The resource whose requests tell epoch and node.</summary>
    public const string Judged = "Judged";

    /// <summary>The resource whose device sees connections only.</summary>
    public const string Relayed = "Relayed";

    /// <summary>The resource that only node "a" may own.</summary>
    public const string Alone = "Alone";

    /// <summary>The resource whose replies are as large as its requests.</summary>
    public const string Echo = "Echo";

    private static int s_stops;

    private readonly List<string> _stale = [];
    private readonly HashSet<int> _kept = [];
    private NodeCluster? _cluster;
    private bool _isStoreStopped;
    private bool _isStoreEnded;

    internal NodeCluster Nodes => _cluster!;

    internal JudgeDevice JudgedDevice { get; } = new(namesEpochs: true);

    internal JudgeDevice RelayedDevice { get; } = new(namesEpochs: false);

    internal JudgeDevice AloneDevice { get; } = new(namesEpochs: true);

    public async ValueTask InitializeAsync()
    {
        _cluster = new(await StartStoreAsync(), Plan(), new("a"), new("b"), new("c"));
        await MakeWholeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_cluster is not null) await _cluster.DisposeAsync();
        await JudgedDevice.DisposeAsync();
        await RelayedDevice.DisposeAsync();
        await AloneDevice.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    internal abstract Task<StoreServer> StartStoreAsync();

    internal JudgeDevice Device(string resource) => resource switch
    {
        Judged => JudgedDevice,
        Relayed => RelayedDevice,
        _ => AloneDevice,
    };

    /// <summary>The store and all nodes run, are ready, and every resource is served.</summary>
    internal async Task MakeWholeAsync()
    {
        if (_isStoreStopped) ContinueStore();
        if (_isStoreEnded) await StartStoreAgainAsync();
        foreach (var node in Nodes.Nodes.Where(node => !node.IsRunning))
            node.Environment["TEST_STOP_AT"] = StopRequest(node, next: true);
        await Nodes.MakeWholeAsync();
        // Whoever knew its node as gone finds the resource that only that node has with the next look.
        foreach (var node in Nodes.Nodes) await Poll.UntilAsync(() => ServesAloneAsync(node), () => $"{Alone} is not served through node {node.Name}; {Nodes.Where()}");
    }

    /// <summary>The request at which a node's process stops itself, right before it writes to the device.</summary>
    internal static string StopRequest(ClusterNode node, bool next = false) => next
        ? string.Create(CultureInfo.InvariantCulture, $"stop-{node.Name}-{Interlocked.Increment(ref s_stops)}")
        : node.Environment["TEST_STOP_AT"];

    /// <summary>The store stands still: whoever asks it waits.</summary>
    internal void StopStore()
    {
        _isStoreStopped = true;
        Nodes.Store.Pause();
    }

    internal void ContinueStore()
    {
        Nodes.Store.Resume();
        _isStoreStopped = false;
    }

    /// <summary>The store ends as by a crash: whoever asks it is refused.</summary>
    internal async Task EndStoreAsync()
    {
        _isStoreEnded = true;
        await Nodes.Store.CrashAsync();
    }

    /// <summary>With the data that it had.</summary>
    internal async Task StartStoreAgainAsync()
    {
        await Nodes.Store.StartAsync();
        _isStoreEnded = false;
    }

    /// <summary>A node is about to be stopped: what its kernel keeps open for it, and a request that it has begun, are its own.</summary>
    internal void Excuse(string? request = null)
    {
        if (request is not null) _stale.Add(request);
        foreach (var connection in RelayedDevice.Connections.Where(connection => connection.EndedAt is null)) _kept.Add(connection.Number);
    }

    /// <summary>Whatever has happened in this test and before it, there was one owner at a time, and nothing was done twice.</summary>
    internal void Judge()
    {
        Judgement.AssertOneOwnerAtATime(JudgedDevice, _stale);
        Judgement.AssertOneOwnerAtATime(RelayedDevice);
        Judgement.AssertOneOwnerAtATime(AloneDevice);
        Judgement.AssertOneConnectionAtATime(RelayedDevice, _kept);
    }

    private static async Task<bool> ServesAloneAsync(ClusterNode node)
    {
        try
        {
            using var client = await node.ConnectAsync(Alone);
            return await client.AskAsync($"whole-{Guid.NewGuid():N}") is { } answer && answer.StartsWith("ok ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // it was led to a process that has ended
        }
    }

    private NodeCluster.Plan Plan() => new()
    {
        Judged = $"\"{Judged}\": \"127.0.0.1:{JudgedDevice.Port}\", \"{Alone}\": \"127.0.0.1:{AloneDevice.Port}\"",
        Listeners = node => string.Join(", ", new[] { Judged, Relayed, Alone, Echo }.Select(name => $"\"{name}\": {{ \"Port\": {node.Port(name)} }}")),
        Resources = $$"""
            "{{Judged}}": { "Processor": "Judged", "Protocol": { "Name": "Line" } },
            "{{Echo}}": { "Protocol": { "Name": "Line", "MaxRequestBytes": 8388608 } },
            "{{Relayed}}": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { "Tcp": { "Host": "127.0.0.1", "Port": {{RelayedDevice.Port}} } } },
            "{{Alone}}": { "Processor": "Judged", "Protocol": { "Name": "Line" }, "Nodes": [ "a" ] }
            """,
        Shared = [Judged, Relayed, Alone, Echo],
    };
}

/// <summary>With a real Redis server.</summary>
public sealed class RedisFaultCluster : FaultCluster
{
    internal override async Task<StoreServer> StartStoreAsync() => await RedisServer.RunAsync();
}

/// <summary>With a real PostgreSQL server.</summary>
public sealed class PostgresFaultCluster : FaultCluster
{
    internal override async Task<StoreServer> StartStoreAsync() => await PostgresServer.RunAsync();
}
