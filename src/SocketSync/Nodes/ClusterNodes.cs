using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>The state of a node, as this one sees it.</summary>
internal enum NodeState
{
    /// <summary>The membership knows it, but it is no part of the cluster yet.</summary>
    Joining,

    Up,

    /// <summary>It is a member, and has not reported for a while.</summary>
    Silent,

    /// <summary>It has left, or was declared dead.</summary>
    Gone,
}

/// <summary>Asks all other nodes for their reports, twice a second, and keeps the last of each.</summary>
internal sealed partial class ClusterNodes(
    IClusterView view, LocalNode local, ClusterPauses pauses, Topology topology, TimeProvider time, ILogger<ClusterNodes> logger) : IHostedService, IDisposable
{
    /// <summary>How often each node is asked for its report: one line of JSON, whatever goes on.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromSeconds(0.5);

    /// <summary>A node whose last report is older is silent.</summary>
    public static readonly TimeSpan SilentAfter = TimeSpan.FromSeconds(1.5);

    /// <summary>How long a node may take for an answer.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _sync = new();
    private readonly Dictionary<string, OtherNode> _others = new(StringComparer.OrdinalIgnoreCase);
    private readonly CancellationTokenSource _end = new();

    /// <summary>A period has passed: what others do beside it, such as reading feeds, is looked after.</summary>
    public event EventHandler? Ticked;

    public IClusterView View => view;

    /// <summary>This node.</summary>
    public LocalNode Local => local;

    public string Name => view.Node;

    /// <summary>All nodes by name, this one among them.</summary>
    public IReadOnlyList<NodeSight> Look()
    {
        var members = view.Members;
        var own = new NodeSight(Name, OwnState, TimeSpan.Zero, local.Report(), IsThis: true);
        lock (_sync)
        {
            Meet(members);
            return
            [
                .. _others.Values.Select(node => node.Look(time))
                    .Append(own)
                    .OrderBy(node => node.Name, StringComparer.OrdinalIgnoreCase),
            ];
        }
    }

    /// <summary>The other nodes that can be asked something.</summary>
    public IReadOnlyList<string> Reachable =>
        [.. view.Members.Where(member => member.State == MemberState.Up && !IsThis(member.Name)).Select(member => member.Name)];

    /// <summary>The states of all nodes, this one's among them.</summary>
    public IReadOnlyList<NodeState> States
    {
        get
        {
            var members = view.Members;
            lock (_sync)
            {
                Meet(members);
                return [.. _others.Values.Select(node => node.StateAt(time)), OwnState];
            }
        }
    }

    /// <summary>The state of another node, by name.</summary>
    public NodeState? StateOf(string node)
    {
        if (IsThis(node))
            return OwnState;
        lock (_sync)
        {
            Meet(view.Members);
            return _others.GetValueOrDefault(node)?.StateAt(time);
        }
    }

    /// <summary>
    /// The node that owns a resource, by what the nodes themselves say: of those that are not gone, the one with the greatest epoch.
    /// </summary>
    public ResourceSight? OwnerOf(string resource)
    {
        ResourceSight? owner = null;
        if (topology.Resources.TryGetValue(resource, out var own) && own is { IsServedHere: true, Term.Epoch: var epoch })
            owner = new ResourceSight(Name, epoch, Report: null, IsSilent: false);
        lock (_sync)
        {
            foreach (var node in _others.Values)
            {
                if (node.State != MemberState.Gone && node.Report?.Of(resource) is { Epoch: { } theirs } report && theirs > (owner?.Epoch ?? -1))
                    owner = new ResourceSight(node.Name, theirs, report, node.StateAt(time) == NodeState.Silent);
            }
        }

        return owner;
    }

    /// <summary>Asks another node something.</summary>
    /// <returns>The answer; <see langword="null"/> if there is none in time.</returns>
    public async Task<string?> AskAsync(string node, string question, string argument)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        using var patience = time.CreateTimer(static limit => Cancel((CancellationTokenSource)limit!), limit, Patience, Timeout.InfiniteTimeSpan);
        try
        {
            var answer = view.AskAsync(node, question, argument, limit.Token);
            answer.Forget();
            return await answer.WaitAsync(limit.Token);
        }
        catch (Exception exception)
        {
            LogUnanswered(logger, node, question, exception.Message);
            return null;
        }
    }

    /// <summary>Asks all others at once; those that do not answer are left out.</summary>
    public async Task<IReadOnlyList<(string Node, string Answer)>> AskAllAsync(string question, string argument)
    {
        var answers = await Task.WhenAll(Reachable.Select(async node => (Node: node, Answer: await AskAsync(node, question, argument))));
        return [.. answers.Where(answer => answer.Answer is not null).Select(answer => (answer.Node, answer.Answer!))];
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        RunAsync().Observe();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _end.CancelAsync();

    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
    }

    private static void Cancel(CancellationTokenSource source)
    {
        try
        {
            source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The answer has come in the same moment.
        }
    }

    private NodeState OwnState => view.HasJoined ? NodeState.Up : NodeState.Joining;

    private bool IsThis(string node) => node.Equals(Name, StringComparison.OrdinalIgnoreCase);

    private async Task RunAsync()
    {
        var end = _end.Token;
        using var timer = new PeriodicTimer(Period, time);
        try
        {
            do
            {
                foreach (var node in Due())
                    HearAsync(node).Observe();
                Ticked?.Invoke(this, EventArgs.Empty);
            }
            while (await timer.WaitForNextTickAsync(end));
        }
        catch (OperationCanceledException)
        {
            // The server stops.
        }
    }

    private List<OtherNode> Due()
    {
        var members = view.Members;
        lock (_sync)
        {
            Meet(members);
            List<OtherNode> due = [.. _others.Values.Where(node => node is { State: MemberState.Up, IsAsked: false })];
            due.ForEach(node => node.IsAsked = true);
            return due;
        }
    }

    private async Task HearAsync(OtherNode node)
    {
        StatusReport? report = null;
        try
        {
            var answer = await AskAsync(node.Name, NodeQuestion.Report, "");
            report = string.IsNullOrEmpty(answer) ? null : StatusReport.Parse(answer);
        }
        catch (JsonException exception)
        {
            LogUnanswered(logger, node.Name, NodeQuestion.Report, exception.Message);
        }
        finally
        {
            lock (_sync)
            {
                node.IsAsked = false;
                if (report is not null)
                    node.Hear(report, time);
            }
        }

        pauses.Merge(report?.Pauses);
    }

    /// <summary>To be called under the lock.</summary>
    private void Meet(IReadOnlyCollection<NodeMember> members)
    {
        foreach (var (name, state) in members)
        {
            if (IsThis(name))
                continue;
            if (!_others.TryGetValue(name, out var node))
                _others.Add(name, node = new OtherNode(name, time.GetTimestamp()));
            node.Follow(state, time);
        }

        if (members.Count <= _others.Count)
        {
            foreach (var node in _others.Values.Where(node => !members.Any(member => member.Name.Equals(node.Name, StringComparison.OrdinalIgnoreCase))))
                node.Follow(MemberState.Gone, time);
        }
    }

    [LoggerMessage(541, LogLevel.Debug, "Node {Node} has not answered to {Question}: {Why}")]
    private static partial void LogUnanswered(ILogger logger, string node, string question, string why);

    /// <summary>What is known of another node.</summary>
    private sealed class OtherNode(string name, long now)
    {
        private long _heardAt = now;

        public string Name { get; } = name;

        public MemberState State { get; private set; }

        public StatusReport? Report { get; private set; }

        public bool IsAsked { get; set; }

        public void Follow(MemberState state, TimeProvider time)
        {
            if (state == MemberState.Up && State != MemberState.Up)
            {
                // Started anew: what it said before is out of date, and it has as long as any other to report.
                (Report, _heardAt) = (null, time.GetTimestamp());
            }

            State = state;
        }

        public void Hear(StatusReport report, TimeProvider time) => (Report, _heardAt) = (report, time.GetTimestamp());

        public NodeState StateAt(TimeProvider time) => State switch
        {
            MemberState.Joining => NodeState.Joining,
            MemberState.Gone => NodeState.Gone,
            _ => time.GetElapsedTime(_heardAt) > SilentAfter ? NodeState.Silent : NodeState.Up,
        };

        public NodeSight Look(TimeProvider time) =>
            new(Name, StateAt(time), Report is not null ? time.GetElapsedTime(_heardAt) : null, Report, IsThis: false);
    }
}

/// <summary>A node, as this one sees it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">Its state.</param>
/// <param name="SinceHeard">The age of its last report, if there is one.</param>
/// <param name="Report">Its last report, also of a node that is gone.</param>
/// <param name="IsThis">Whether it is this node.</param>
internal sealed record NodeSight(string Name, NodeState State, TimeSpan? SinceHeard, StatusReport? Report, bool IsThis);

/// <summary>Where a resource lives.</summary>
/// <param name="Node">The node that owns it.</param>
/// <param name="Epoch">Its epoch there.</param>
/// <param name="Report">What that node last said of it; <see langword="null"/> if it is this one.</param>
/// <param name="IsSilent">Whether that node is silent.</param>
internal sealed record ResourceSight(string Node, long Epoch, ResourceReport? Report, bool IsSilent);
