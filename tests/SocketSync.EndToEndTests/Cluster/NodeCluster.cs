using System.Text.Json;
using SocketSync.Tests;

namespace SocketSync.EndToEndTests;

/// <summary>Nodes that share a store, each a process of its own.</summary>
internal sealed class NodeCluster(StoreServer store, NodeCluster.Plan plan, params ClusterNode[] nodes) : IAsyncDisposable
{
    /// <summary>How long a node owns a resource without having renewed it, as it comes.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(3);

    public static readonly TimeSpan Margin = TimeSpan.FromMilliseconds(500);

    public string Id { get; init; } = $"test-{Guid.NewGuid():N}"[..20];

    public StoreServer Store { get; } = store;

    public IReadOnlyList<ClusterNode> Nodes { get; } = nodes;

    /// <summary>Whether the store is another one's, who ends it.</summary>
    public bool KeepsStore { get; init; }

    /// <summary>What stands in section Tls of a node's cluster; null: nothing.</summary>
    public Func<ClusterNode, string>? Tls { get; init; }

    public ClusterNode this[string name] => Nodes.Single(node => node.Name == name);

    /// <summary>Starts those that do not run or stand still, and waits until all are ready, each sees all, and every resource has an owner.</summary>
    public async Task MakeWholeAsync()
    {
        // Not let go on: it would seem to be there, and find out then that it is not.
        foreach (var node in Nodes.Where(node => node.IsStopped)) node.Kill();
        foreach (var node in Nodes.Where(node => !node.IsRunning)) await StartAsync(node);
        foreach (var node in Nodes) await node.WaitForReadinessAsync();
        // One that was just started is gone to the others until its life is known to them.
        foreach (var node in Nodes) await WaitUntilItSeesAllAsync(node);
        await WaitForOwnersAsync();
    }

    public Task StartAsync(ClusterNode node) => node.StartAsync(Configuration(node));

    /// <summary>Waits until one of the nodes that run serves each resource.</summary>
    public Task WaitForOwnersAsync(TimeSpan? bound = null) => Poll.UntilAsync(
        () => Task.FromResult(plan.Shared.All(resource => OwnerOrNone(resource) is not null)),
        () => $"not every resource has an owner: {Where()}", bound ?? TimeSpan.FromSeconds(20));

    /// <summary>The node that serves a resource, of those that run.</summary>
    public ClusterNode Owner(string resource) => OwnerOrNone(resource) ?? throw new InvalidOperationException($"nobody owns {resource}: {Where()}");

    /// <summary>One that does not.</summary>
    public ClusterNode Another(string resource) => Nodes.First(node => node.IsRunning && node != Owner(resource));

    public ClusterNode? OwnerOrNone(string resource) => Nodes
        .Where(node => node.IsRunning && node.Terms().ContainsKey(resource)).MaxBy(node => node.Terms()[resource]);

    public string Where() => string.Join("; ", Nodes.Select(node =>
        $"{node.Name}{(node.IsRunning ? "" : " (does not run)")}: {string.Join(", ", node.Terms().Select(term => $"{term.Key} in {term.Value}"))}"));

    /// <summary>What a test does to them may make any of them say so.</summary>
    public void Allow(params ReadOnlySpan<string> words)
    {
        foreach (var one in words)
        {
            foreach (var node in Nodes) node.Allow(one);
        }
    }

    public string Configuration(ClusterNode node) => $$"""
        {
          "Judged": { {{plan.Judged}} },
          "SocketSync": {
            "DefaultAddress": "{{node.Address}}",
            "Admin": { "Token": "{{Operator.Token}}" },
            "Cluster": {
              "Node": "{{node.Name}}", "Id": "{{Id}}", "Store": { "{{(Store is RedisServer ? "Redis" : "Postgres")}}": "{{Store.Configuration}}" }, "Address": "{{node.NodeAddress}}",
              "NodePort": {{node.NodePort}}, "ForwardPort": {{node.ForwardPort}}
              {{(Tls is null ? "" : $", \"Tls\": {{ {Tls(node)} }}")}}
            },
            "Listeners": { {{plan.Listeners(node)}} },
            "Resources": { {{plan.Resources}} }
          }
        }
        """;

    private Task WaitUntilItSeesAllAsync(ClusterNode node)
    {
        var last = "";
        return Poll.UntilAsync(
            async () =>
            {
                using var status = JsonDocument.Parse(last = await node.Http.GetStringAsync(new Uri("/api/status", UriKind.Relative), TestContext.Current.CancellationToken));
                var seen = status.RootElement.GetProperty("nodes");
                return Nodes.All(other => seen.TryGetProperty(other.Name, out var state) && state.GetProperty("state").ValueEquals("Up"));
            },
            () => $"node {node.Name} does not see all: {last}");
    }

    /// <summary>Ends the nodes that run in order, then the store.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            await EndInOrderAsync();
        }
        finally
        {
            foreach (var node in Nodes) await node.DisposeAsync();
            if (!KeepsStore) await Store.DisposeAsync();
        }
    }

    private async Task EndInOrderAsync()
    {
        foreach (var node in Nodes.Where(node => node.IsStopped)) node.Kill();
        var running = Nodes.Where(node => node.IsRunning).ToList();
        foreach (var node in running)
        {
            // What fails a test already is told by what it printed.
            await node.ReleaseAsync("*");
            node.Process.Terminate();
        }

        foreach (var node in running)
        {
            var code = await node.Process.ExitAsync(TimeSpan.FromSeconds(20));
            if (code != 0) Findings.Tell($"node {node.Name} ended with {code}");
        }
    }

    /// <summary>What a cluster's nodes are configured with.</summary>
    internal sealed class Plan
    {
        /// <summary>What stands in section Resources, the same for all nodes.</summary>
        public required string Resources { get; init; }

        /// <summary>What stands in section Listeners; the ports are the node's own.</summary>
        public required Func<ClusterNode, string> Listeners { get; init; }

        /// <summary>Where the devices of the processor "Judged" are, by its resources.</summary>
        public string Judged { get; init; } = "";

        /// <summary>The resources that are expected to have an owner.</summary>
        public required string[] Shared { get; init; }
    }
}
