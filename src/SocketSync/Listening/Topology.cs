namespace SocketSync;

/// <summary>The phases of the host's lifetime.</summary>
internal enum HostPhase
{
    Starting,
    Running,
    Draining,
}

/// <summary>The resources that this host serves, and the listeners through which clients reach them.</summary>
internal sealed class Topology(
    IReadOnlyDictionary<string, SharedResource> resources,
    IReadOnlyDictionary<string, ListenerState> listeners,
    BoundListeners bound) : IAsyncDisposable
{
    private readonly ILookup<SharedResource, ListenerState> _listenersOf = listeners.Values.ToLookup(listener => listener.Resource);
    private volatile HostPhase _phase = HostPhase.Starting;

    public IReadOnlyDictionary<string, SharedResource> Resources { get; } = resources;

    public IReadOnlyDictionary<string, ListenerState> Listeners { get; } = listeners;

    public BoundListeners Bound { get; } = bound;

    public HostPhase Phase
    {
        get => _phase;
        set => _phase = value;
    }

    public IEnumerable<AcceptedConnection> Connections => Listeners.Values.SelectMany(listener => listener.Connections);

    /// <summary>Lists all clients that are connected now.</summary>
    public IReadOnlyList<ConnectionEntry> ListConnections() =>
        [.. from listener in Listeners.Values from connection in listener.Connections select connection.Describe(listener.Name)];

    public AcceptedConnection? FindConnection(string id) =>
        Listeners.Values.Select(listener => listener.Find(id)).FirstOrDefault(connection => connection is not null);

    public IEnumerable<ListenerState> ListenersOf(SharedResource resource) => _listenersOf[resource];

    /// <summary>Applies changed settings of the resources; they take effect with the next turn.</summary>
    public void Configure(IReadOnlyDictionary<string, ResourceOptions> options)
    {
        foreach (var resource in Resources.Values)
        {
            var changed = options[resource.Name];
            resource.Gate.Configure(changed.TurnsOf());
            resource.IsRequired = changed.Required;
            if (resource.Link is { } link)
                link.Options = changed.Link!;
            if (resource.Cache is { } cache)
                cache.Options = changed.Cache;
            foreach (var listener in ListenersOf(resource))
            {
                listener.OnError = changed.OnError;
                listener.EndOfStream = changed.EndOfStreamOf(listener.Options.Protocol!);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Bound.Close();
        foreach (var resource in Resources.Values)
            await resource.DisposeAsync();
    }
}
