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
    BoundListeners bound,
    IReadOnlyDictionary<string, LocalResource> locals) : IAsyncDisposable
{
    private readonly ILookup<SharedResource, Route> _routesTo = listeners.Values.SelectMany(listener => listener.Routes).ToLookup(route => route.Resource);
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

    /// <summary>The clients that are served here for a resource, by whichever listener.</summary>
    public IEnumerable<AcceptedConnection> ConnectionsTo(SharedResource resource) =>
        Listeners.Values.Where(listener => listener.Routes.Any(route => route.Resource == resource))
            .SelectMany(listener => listener.Connections).Where(connection => connection.IsServedHere);

    /// <summary>Lists all clients that are connected now.</summary>
    public IReadOnlyList<ConnectionEntry> ListConnections() =>
        [.. from listener in Listeners.Values from connection in listener.Connections select connection.Describe(listener.Name)];

    public AcceptedConnection? FindConnection(string id) =>
        Listeners.Values.Select(listener => listener.Find(id)).FirstOrDefault(connection => connection is not null);

    /// <summary>The ways on which clients reach a resource, one for each of its listeners and one for the host's own code.</summary>
    public IEnumerable<Route> RoutesTo(SharedResource resource) => _routesTo[resource].Append(locals[resource.Name].Route);

    /// <summary>The resources that the host's own code uses.</summary>
    public IEnumerable<LocalResource> UsedLocally => locals.Values.Where(local => local.IsUsed);

    /// <summary>The resource for the host's own code.</summary>
    /// <exception cref="InvalidOperationException">There is none of that name.</exception>
    public LocalResource UseLocally(string name)
    {
        if (!locals.TryGetValue(name, out var local))
            throw new InvalidOperationException($"There is no resource '{name}'; the configuration has {string.Join(", ", Resources.Keys)}.");
        local.IsUsed = true;
        return local;
    }

    /// <summary>Applies changed settings of the resources; they take effect with the next turn.</summary>
    public void Configure(IReadOnlyDictionary<string, ResourceOptions> options)
    {
        foreach (var resource in Resources.Values)
        {
            var changed = options[resource.Name];
            resource.Gate.Configure(changed.TurnsOf());
            resource.IsRequired = changed.Required;
            resource.Access = AccessList.Of(resource.Name, changed);
            if (resource.Link is { } link)
                link.Options = changed.Link!;
            if (resource.Cache is { } cache)
                cache.Options = changed.Cache;
        }

        foreach (var listener in Listeners.Values)
        {
            foreach (var route in listener.Routes)
                Configure(route, options[route.Resource.Name], listener.Options);
        }
    }

    /// <summary>Applies the settings that a resource has for the clients of a listener.</summary>
    public static void Configure(Route route, ResourceOptions resource, ListenerOptions listener)
    {
        route.OnError = resource.OnError;
        route.EndOfStream = resource.EndOfStreamOf(listener.Protocol!);
        route.Notice = resource.Notice;
    }

    public async ValueTask DisposeAsync()
    {
        Bound.Dispose();
        foreach (var listener in Listeners.Values)
            listener.Dispose();
        foreach (var resource in Resources.Values)
            await resource.DisposeAsync();
    }
}
