using System.Text.Json;

namespace SocketSync;

/// <summary>How an operator's action has ended.</summary>
internal enum SteeringResult
{
    Done,

    /// <summary>It is known and will hold, but the node that it concerns has not said yet that it does.</summary>
    Accepted,

    /// <summary>There is no such resource, client or node.</summary>
    Unknown,

    /// <summary>It cannot be.</summary>
    Refused,
}

/// <summary>The answer to an operator.</summary>
/// <param name="Result">How it ended.</param>
/// <param name="Why">One line, where it was not done.</param>
internal readonly record struct SteeringAnswer(SteeringResult Result, string? Why = null)
{
    public static readonly SteeringAnswer Done = new(SteeringResult.Done);

    public static SteeringAnswer Missing(string what) => new(SteeringResult.Unknown, $"There is no such {what}.");
}

/// <summary>Steers what other nodes own: the node that is asked has checked the operator's token, and tells the one that it concerns.</summary>
internal sealed class ClusterSteering(ClusterNodes nodes, ClusterPauses pauses, Topology topology, SocketSyncOptions options)
{
    public async Task<SteeringAnswer> PauseAsync(string resource, bool isPaused)
    {
        var name = topology.Resources[resource].Name;
        var wish = pauses.Wish(name, isPaused);
        var json = JsonSerializer.Serialize(new Dictionary<string, PauseWish>(StringComparer.Ordinal) { [name] = wish }, ReportJson.Default.DictionaryStringPauseWish);
        var owner = nodes.OwnerOf(name);
        var told = nodes.Reachable.ToDictionary(node => node, node => nodes.AskAsync(node, NodeQuestion.Pauses, json), StringComparer.OrdinalIgnoreCase);
        if (owner is null or { Report: null })
            return SteeringAnswer.Done;
        return told.TryGetValue(owner.Node, out var answer) && await answer == NodeQuestion.Yes
            ? SteeringAnswer.Done
            : new(SteeringResult.Accepted, $"Node {owner.Node}, which owns {name}, does not answer; it will be told when it does.");
    }

    public async Task<SteeringAnswer> CloseAsync(string connectionId)
    {
        var here = nodes.Local.Close(connectionId, cutForwarded: false);
        if (here == CloseAnswer.Closed)
            return SteeringAnswer.Done;
        var answers = await nodes.AskAllAsync(NodeQuestion.Close, connectionId);
        if (answers.Any(answer => answer.Answer == CloseAnswer.Closed))
            return SteeringAnswer.Done;

        // The node that serves it does not answer: then the client is cut off where it is connected.
        if (here == CloseAnswer.Forwarded && nodes.Local.Close(connectionId, cutForwarded: true) == CloseAnswer.Closed)
            return SteeringAnswer.Done;
        var ingress = answers.FirstOrDefault(answer => answer.Answer == CloseAnswer.Forwarded).Node;
        return ingress is not null && await nodes.AskAsync(ingress, NodeQuestion.Cut, connectionId) == CloseAnswer.Closed
            ? SteeringAnswer.Done
            : SteeringAnswer.Missing("connection");
    }

    /// <summary>The nodes that a resource could be moved to.</summary>
    public IReadOnlyList<string> TargetsOf(string resource)
    {
        var may = options.Resources[resource].Nodes;
        var owner = nodes.OwnerOf(resource)?.Node;
        return
        [
            .. nodes.Look().Where(node => node.State == NodeState.Up).Select(node => node.Name)
                .Where(name => !name.Equals(owner, StringComparison.OrdinalIgnoreCase) && (may.Count == 0 || may.Contains(name, StringComparer.OrdinalIgnoreCase))),
        ];
    }

    public async Task<SteeringAnswer> MoveAsync(string resource, string node, CancellationToken cancellationToken)
    {
        var name = topology.Resources[resource].Name;
        var may = options.Resources[name].Nodes;
        if (nodes.StateOf(node) is not { } state)
            return SteeringAnswer.Missing("node");
        if (may.Count > 0 && !may.Contains(node, StringComparer.OrdinalIgnoreCase))
            return new(SteeringResult.Refused, $"Node {node} may not own {name}: its {nameof(ResourceOptions.Nodes)} are {string.Join(", ", may)}.");
        if (state != NodeState.Up)
            return new(SteeringResult.Refused, $"Node {node} is not up: it is {Word(state)}.");
        if (node.Equals(nodes.OwnerOf(name)?.Node, StringComparison.OrdinalIgnoreCase))
            return SteeringAnswer.Done;
        return await nodes.View.MoveAsync(name, node, cancellationToken) is { } why
            ? new(SteeringResult.Refused, why)
            : SteeringAnswer.Done;
    }

    private static string Word(NodeState state) => state switch
    {
        NodeState.Joining => "joining",
        NodeState.Silent => "silent",
        _ => "gone",
    };
}
