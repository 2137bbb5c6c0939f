using System.Globalization;
using System.Net;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace SocketSync;

/// <summary>This node, as the others see it: what it answers to their questions, and the feeds that it lets them read.</summary>
internal sealed class LocalNode(Topology topology, SocketSyncOptions options, TurnFeed turns, ClusterPauses pauses, TimeProvider time)
{
    /// <summary>Several nodes ask within one period, and get the same report.</summary>
    private static readonly TimeSpan ReportAge = TimeSpan.FromMilliseconds(100);

    /// <summary>This program's version, without the commit.</summary>
    public static readonly string Version = VersionOfThis();

    private readonly Lock _sync = new();
    private string _report = "";
    private long _reportedAt;

    /// <summary>Answers a question that another node has asked by <see cref="IClusterView.AskAsync"/>.</summary>
    /// <returns>The answer; empty if this version does not know the question.</returns>
    public string Answer(string question, string argument) => question switch
    {
        NodeQuestion.Report => CurrentReport(),
        NodeQuestion.Clients => JsonSerializer.Serialize(Clients(int.Parse(argument, CultureInfo.InvariantCulture)), ReportJson.Default.ClientsReport),
        NodeQuestion.Pauses => Take(argument),
        NodeQuestion.Close => Close(argument, cutForwarded: false),
        NodeQuestion.Cut => Close(argument, cutForwarded: true),
        _ => "",
    };

    /// <summary>Publishes a feed to another node, which reads it by <see cref="IClusterView.ReadAsync"/>.</summary>
    public IAsyncEnumerable<string> Read(string feed, string argument, CancellationToken cancellationToken) => feed switch
    {
        NodeFeed.Turns => BatchesAsync(turns, NodeFeed.MostTurns, EventJson.Default.FeedBatchTurnEvent, cancellationToken),
        NodeFeed.Trace when topology.Resources.TryGetValue(argument, out var resource) =>
            BatchesAsync(resource.Telemetry.Trace, NodeFeed.MostTraces, EventJson.Default.FeedBatchTraceEntry, cancellationToken),
        _ => AsyncEnumerable.Empty<string>(),
    };

    public StatusReport Report() => new(
        options.Cluster.Node,
        Version,
        new IPEndPoint(NodeAddress.Of(options.Cluster), options.Cluster.NodePort).ToString(),
        topology.Listeners.Values.Sum(listener => listener.DatagramCount + listener.Connections.Count(connection => IngressOf(connection) == options.Cluster.Node)),
        topology.Resources.Values.Select(resource => (resource.Name, Report: Of(resource))).Where(resource => resource.Report is not null)
            .ToDictionary(resource => resource.Name, resource => resource.Report!, StringComparer.OrdinalIgnoreCase),
        ListenerStatus.Of(topology),
        pauses.All);

    /// <summary>The clients that this node knows: those that have the turn or wait for it first, then the newest.</summary>
    /// <param name="most">How many are listed; 0: all.</param>
    public ClientsReport Clients(int most)
    {
        List<ClientReport> all = [.. from listener in topology.Listeners.Values from connection in listener.Connections select Of(listener, connection)];
        return new(all.Count, most == 0 || all.Count <= most ? all : [.. all.OrderByDescending(client => client.Entry.Waiting).ThenByDescending(client => client.Entry.ConnectedAt).Take(most)]);
    }

    /// <summary>Closes a client that this node serves.</summary>
    /// <param name="id">The client's id.</param>
    /// <param name="cutForwarded">Also one that another node serves: that one does not answer.</param>
    /// <returns>One of <see cref="CloseAnswer"/>.</returns>
    public string Close(string id, bool cutForwarded)
    {
        if (topology.FindConnection(id) is not { } connection)
            return CloseAnswer.None;
        if (connection.IsForwarded && !cutForwarded)
            return CloseAnswer.Forwarded;
        connection.Close();
        return CloseAnswer.Closed;
    }

    private ClientReport Of(ListenerState listener, AcceptedConnection connection) =>
        new(connection.Describe(listener.Name) with { Node = IngressOf(connection) }, !connection.IsForwarded);

    /// <summary>A client's id begins with the name of the node that it is connected to, which may have forwarded it to this one.</summary>
    private string? IngressOf(AcceptedConnection connection) =>
        connection.Id.LastIndexOf('-') is > 0 and var end ? connection.Id[..end] : options.Cluster.Node;

    private ResourceReport? Of(SharedResource resource)
    {
        var counts = RequestCounts.Of(topology.RoutesTo(resource));
        var epoch = resource.IsServedHere ? resource.Term?.Epoch : null;
        if (epoch is null && counts.Total == 0)
            return null;
        var (gate, waiters) = resource.Gate.GetStatusWithWaiters(ResourceReport.MaxWaiters);
        var link = resource.Link?.GetStatus();
        return new ResourceReport(
            epoch,
            ResourceFigures.Of(resource, gate, link, counts),
            epoch is null ? null : ResourceHealth.Of(resource).Description,
            gate.MaxQueue,
            gate.IsPaused,
            link?.Description,
            waiters.Count == 0 ? null : [.. waiters.Select(waiter => new WaiterReport(waiter.Client.Id, waiter.Client.RemoteText, waiter.Priority.ToString(), waiter.Waited.TotalSeconds))]);
    }

    private string CurrentReport()
    {
        lock (_sync)
        {
            if (_report.Length == 0 || time.GetElapsedTime(_reportedAt) >= ReportAge)
                (_report, _reportedAt) = (Report().ToJson(), time.GetTimestamp());
            return _report;
        }
    }

    private string Take(string wishes)
    {
        pauses.Merge(JsonSerializer.Deserialize(wishes, ReportJson.Default.DictionaryStringPauseWish));
        return NodeQuestion.Yes;
    }

    private async IAsyncEnumerable<string> BatchesAsync<T>(
        EventFeed<T> feed, int most, JsonTypeInfo<FeedBatch<T>> type, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = feed.Subscribe(most);
        var lost = 0L;
        var batch = new List<T>();
        while (true)
        {
            while (batch.Count < most && reader.Events.TryRead(out var item))
                batch.Add(item);
            var all = reader.Lost;
            // An empty one too: whoever has gone without a word is noticed by not asking for more.
            yield return JsonSerializer.Serialize(new FeedBatch<T>(batch, all - lost), type);
            lost = all;
            batch.Clear();
            await Task.Delay(NodeFeed.Pace, time, cancellationToken);
            await WaitAsync(reader, cancellationToken);
        }
    }

    private async Task WaitAsync<T>(EventFeedReader<T> reader, CancellationToken cancellationToken)
    {
        using var idle = new CancellationTokenSource(NodeFeed.Idle, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
        try
        {
            await reader.Events.WaitToReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nothing has happened for a while.
        }
    }

    private static string VersionOfThis()
    {
        var text = typeof(LocalNode).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        return text.Split('+')[0];
    }
}

/// <summary>What nodes ask one another. Words may be added; none may change its meaning.</summary>
internal static class NodeQuestion
{
    /// <summary>Its <see cref="StatusReport"/>.</summary>
    public const string Report = "report";

    /// <summary>Its <see cref="ClientsReport"/>; the argument is how many are listed at most, 0 for all.</summary>
    public const string Clients = "clients";

    /// <summary>To take over wishes: resources by name, each with its <see cref="PauseWish"/>.</summary>
    public const string Pauses = "pauses";

    /// <summary>To close a client that it serves, by id; a <see cref="CloseAnswer"/>.</summary>
    public const string Close = "close";

    /// <summary>The same of one that it has forwarded.</summary>
    public const string Cut = "cut";

    public const string Yes = "yes";
}

/// <summary>What a node says of a client that is to be closed.</summary>
internal static class CloseAnswer
{
    public const string Closed = "closed";

    /// <summary>It is connected here, and another node serves it.</summary>
    public const string Forwarded = "forwarded";

    public const string None = "none";
}

/// <summary>The feeds that nodes read of one another, in batches of a <see cref="FeedBatch{T}"/>.</summary>
internal static class NodeFeed
{
    /// <summary>All turns of a node.</summary>
    public const string Turns = "turns";

    /// <summary>The bytes of a resource's requests and replies; the argument is its name.</summary>
    public const string Trace = "trace";

    /// <summary>How many turns a batch holds, and how many are kept for it: with the pauses between batches, 20,000 turns a second.</summary>
    public const int MostTurns = 1024;

    public const int MostTraces = 64;

    /// <summary>Least time between two batches.</summary>
    public static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(50);

    /// <summary>A batch comes at least this often, if an empty one.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);
}
