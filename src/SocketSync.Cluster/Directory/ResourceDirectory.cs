using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace SocketSync;

/// <summary>
/// Where the resources live, as the nodes have told it: a table in memory, which <see cref="PeerWatch"/> keeps fresh and an owner
/// that has just begun corrects at once.
/// </summary>
/// <remarks>
/// It decides nothing: two nodes may claim one resource while the network is divided. The greater epoch is believed, and a wrong entry
/// costs a client a refusal, never a device its only user; that is the lease's work.
/// </remarks>
internal sealed class ResourceDirectory(string node, ClusterOptions cluster, OwnerChoice choice, TimeProvider time) : IResourceDirectory
{
    /// <summary>How much longer than a takeover may last a client waits for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, OtherNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PlaceEntry> _entries = new(StringComparer.OrdinalIgnoreCase);
    private TaskCompletionSource _changed = NewChange();

    public string Node { get; } = node;

    /// <summary>Called, outside any lock, when something has become known that may concern who should own what.</summary>
    public Action? Changed { get; set; }

    /// <summary>Called, outside any lock, when a node's word is doubted: it is to be asked at once.</summary>
    public Action<string>? Doubted { get; set; }

    /// <summary>Whether this node is stopping, and takes nothing over.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>The other nodes of which something is known, and whether each answers.</summary>
    public IReadOnlyDictionary<string, bool> Nodes
    {
        get
        {
            lock (_lock)
                return _nodes.ToDictionary(known => known.Key, known => known.Value.Answers, StringComparer.Ordinal);
        }
    }

    /// <summary>The nodes that can take a resource over: those that answer, and this one, unless they are stopping.</summary>
    public IReadOnlyList<string> Living()
    {
        lock (_lock)
        {
            var others = _nodes.Where(known => known.Value is { Answers: true, IsLeaving: false }).Select(known => known.Key);
            return IsLeaving ? [.. others] : [Node, .. others];
        }
    }

    /// <summary>Waits until a node can take a resource over: one that has just joined is a member before it has been heard.</summary>
    /// <param name="other">Its name.</param>
    /// <param name="patience">How long.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether it can.</returns>
    public async Task<bool> LivesAsync(string other, TimeSpan patience, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            Task change;
            lock (_lock)
                change = _changed.Task;
            if (Living().Contains(other, StringComparer.Ordinal))
                return true;
            var left = patience - time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
                return false;
            await change.WaitAsync(left, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Who owns a resource, as far as is known.</summary>
    public KnownOwner? OwnerOf(string resource)
    {
        lock (_lock)
        {
            return _entries.GetValueOrDefault(resource) is { } entry
                ? new(entry.Node, entry.Epoch, entry.IsLeaving, entry.Node == Node || _nodes.GetValueOrDefault(entry.Node) is { Answers: true })
                : null;
        }
    }

    /// <summary>The version of a node's report that is known here, and of which life of it.</summary>
    public (long Instance, long Version) KnownOf(string other)
    {
        lock (_lock)
            return _nodes.GetValueOrDefault(other) is { } known ? (known.Instance, known.Version) : default;
    }

    public async ValueTask<ResourcePlace> FindAsync(string resource, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            if (Look(resource, out var change) is { } place)
                return place;
            var left = cluster.Lease + cluster.Margin + Patience - time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
                return ResourcePlace.Nowhere.Instance;
            try
            {
                await change.WaitAsync(left, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                return ResourcePlace.Nowhere.Instance;
            }
        }
    }

    public void Forget(string resource, ResourcePlace.Elsewhere place)
    {
        lock (_lock)
        {
            if (_entries.GetValueOrDefault(resource) is not { } entry || entry.Lost.Token != place.Lost)
                return; // something newer is known already
            entry.IsDoubted = true; // those who are connected to it are served or reset there; nobody else is sent
            if (_nodes.TryGetValue(entry.Node, out var known))
                known.Version = 0; // what it says next is taken, also if it says the same
        }

        Tell();
        Doubted?.Invoke(place.Node);
    }

    /// <summary>This node's term of a resource has begun, or it is about to give it up.</summary>
    public void Own(string resource, long epoch, bool isLeaving)
    {
        lock (_lock)
            Put(resource, Node, epoch, isLeaving);
        Tell();
    }

    /// <summary>This node's term of a resource is over: its clients, if there still are some, are reset.</summary>
    public void Lose(string resource, long epoch)
    {
        lock (_lock)
        {
            if (_entries.GetValueOrDefault(resource) is { } entry && entry.Node == Node && entry.Epoch == epoch)
                Remove(resource, entry);
        }

        Tell();
    }

    /// <summary>A node has told what it owns.</summary>
    /// <param name="report">What it has told.</param>
    /// <param name="isOfItsLastLife">
    /// Whether it is known to be of the life of the node that there is now. By itself a report tells only when its life began, by a wall
    /// clock that may have been set back since the former one.
    /// </param>
    public void Learn(NodeReport report, bool isOfItsLastLife = false)
    {
        if (report.Node.Equals(Node, StringComparison.Ordinal) || !IPEndPoint.TryParse(report.Forward, out var forward))
            return;
        foreach (var (resource, claim) in report.Resources)
        {
            if (claim.Successor is { } successor)
                choice.Wish(resource, successor);
        }

        lock (_lock)
        {
            var known = _nodes.TryGetValue(report.Node, out var existing) ? existing : _nodes[report.Node] = new();
            if ((report.Instance < known.Instance && !isOfItsLastLife) || (report.Instance == known.Instance && report.Version < known.Version))
                return; // overtaken on its way
            if (report.Instance != known.Instance)
                Drop(report.Node);
            (known.Instance, known.Version, known.Forward, known.IsLeaving) = (report.Instance, report.Version, forward, report.IsLeaving);
            (known.Answers, known.IsGone) = (true, false);
            foreach (var (resource, entry) in _entries.Where(entry => entry.Value.Node == report.Node && !report.Resources.ContainsKey(entry.Key)).ToList())
                Remove(resource, entry);
            foreach (var (resource, claim) in report.Resources)
                Put(resource, report.Node, claim.Epoch, claim.IsLeaving || report.IsLeaving);
        }

        Tell();
    }

    /// <summary>A node has answered, and has nothing new to tell; or it has not, and is suspected.</summary>
    public void Heard(string other, bool answers)
    {
        lock (_lock)
        {
            if (_nodes.GetValueOrDefault(other) is not { IsGone: false } known || known.Answers == answers)
                return;
            known.Answers = answers;
        }

        Tell();
    }

    /// <summary>A node is known to be gone: whoever is connected to a resource of it is reset.</summary>
    public void Gone(string other)
    {
        choice.Gone(other);
        lock (_lock)
        {
            var known = _nodes.TryGetValue(other, out var existing) ? existing : _nodes[other] = new();
            if (known.IsGone)
                return;
            (known.IsGone, known.Answers, known.Version) = (true, false, 0);
            Drop(other);
        }

        Tell();
    }

    private ResourcePlace? Look(string resource, out Task change)
    {
        lock (_lock)
        {
            change = _changed.Task;
            if (_entries.GetValueOrDefault(resource) is { IsLeaving: false, IsDoubted: false } entry)
            {
                if (entry.Node == Node)
                    return new ResourcePlace.Here(entry.Lost.Token);
                // Nobody else takes over what has a single node: that one is tried also while it cannot be asked, as without the store.
                if (_nodes.GetValueOrDefault(entry.Node) is { Forward: { } forward } known && (known.Answers || choice.IsSole(resource, out _)))
                    return new ResourcePlace.Elsewhere(entry.Node, forward, entry.Lost.Token);
            }

            // No other node will ever take it over.
            return choice.IsSole(resource, out var only) && _nodes.GetValueOrDefault(only) is { IsGone: true } ? ResourcePlace.Nowhere.Instance : null;
        }
    }

    private void Put(string resource, string owner, long epoch, bool isLeaving)
    {
        if (_entries.TryGetValue(resource, out var entry))
        {
            if (entry.Node == owner && entry.Epoch == epoch)
            {
                (entry.IsLeaving, entry.IsDoubted) = (isLeaving, false);
                return;
            }

            if (epoch < entry.Epoch)
                return; // somebody took it over from this one
            Remove(resource, entry);
        }

        _entries[resource] = new(owner, epoch) { IsLeaving = isLeaving };
    }

    private void Drop(string owner)
    {
        foreach (var (resource, entry) in _entries.Where(entry => entry.Value.Node == owner).ToList())
            Remove(resource, entry);
    }

    private void Remove(string resource, PlaceEntry entry)
    {
        _entries.Remove(resource);
        entry.Lost.CancelInBackground();
    }

    private void Tell()
    {
        TaskCompletionSource change;
        lock (_lock)
            (change, _changed) = (_changed, NewChange());
        change.SetResult();
        Changed?.Invoke();
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    [SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "A source without a timer holds nothing that needs to be disposed of, and clients may still ask its token.")]
    private sealed class PlaceEntry(string node, long epoch)
    {
        public string Node { get; } = node;

        public long Epoch { get; } = epoch;

        public bool IsLeaving { get; set; }

        /// <summary>Whether it has failed somebody since it was told: it is believed again when it is told again.</summary>
        public bool IsDoubted { get; set; }

        public CancellationTokenSource Lost { get; } = new();
    }

    private sealed class OtherNode
    {
        public long Instance { get; set; }

        public long Version { get; set; }

        public IPEndPoint? Forward { get; set; }

        public bool Answers { get; set; }

        public bool IsLeaving { get; set; }

        public bool IsGone { get; set; }
    }
}

/// <summary>Who owns a resource, as far as is known.</summary>
/// <param name="Node">The owner's name.</param>
/// <param name="Epoch">The term's number.</param>
/// <param name="IsLeaving">Whether it is about to give it up.</param>
/// <param name="Answers">Whether that node answers; if not, it may be dead.</param>
internal sealed record KnownOwner(string Node, long Epoch, bool IsLeaving, bool Answers);
