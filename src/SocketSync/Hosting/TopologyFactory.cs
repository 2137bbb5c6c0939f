using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Creates the runtime objects from the options: all of them, or none.</summary>
internal static class TopologyFactory
{
    /// <summary>
    /// Binds every listener's address and creates the resources, which do nothing before <see cref="Start"/>.
    /// </summary>
    /// <exception cref="SocketSyncStartupException">An address cannot be bound.</exception>
    public static Topology Create(IServiceProvider services, SocketSyncOptions options)
    {
        if (options.HasEventLoops)
            EventLoop.Start(options.IoThreads);
        var loggers = services.GetRequiredService<ILoggerFactory>();
        var catalog = services.GetRequiredService<ProcessorCatalog>();
        var meter = services.GetRequiredService<SocketSyncMeter>();
        var time = services.GetRequiredService<TimeProvider>();

        var watched = options.Listeners.Values.Where(listener => listener.Role == ListenerRole.Watcher)
            .Select(listener => listener.Resource!).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var bound = Bind(options);
        var journal = options.Journal.Path is null ? null : services.GetRequiredService<JournalWriter>();
        var resources = new Dictionary<string, SharedResource>(StringComparer.OrdinalIgnoreCase);
        try
        {
            journal?.Start();
            foreach (var (name, resource) in options.Resources)
            {
                var registration = catalog[resource.Processor];
                var watch = new ResourceTelemetry(name, services.GetRequiredService<TurnFeed>(), time, options.Cluster.Node, journal);
                var gate = new TurnGate(resource.TurnsOf(), time, new TurnMetrics(meter.Meter, name), registration.NeverBlocks, watch);
                if (options.Cluster.Node is not null)
                    gate.Close(); // until a term of this node begins
                resources.Add(name, new SharedResource(
                    name,
                    registration,
                    processor: null,
                    gate,
                    watch,
                    loggers.CreateLogger<SharedResource>(),
                    time)
                {
                    IsRequired = resource.Required,
                    MovesBetweenNodes = options.Cluster.Node is not null,
                    Access = AccessList.Of(name, resource),
                    Watch = watched.Contains(name) ? DeviceWatch.Of(resource, time) : null,
                });
            }

            var listeners = new Dictionary<string, ListenerState>(StringComparer.OrdinalIgnoreCase);
            foreach (var (name, listener) in options.Listeners)
            {
                listeners.Add(name, CreateListener(name, listener, options, resources, time, loggers));
            }

            ThreadPoolSizing.Prepare(options.Resources.Values.Count(resource => !catalog[resource.Processor].NeverBlocks));
            var local = LocalEndPoint.AsClient(isTaken: options.Listeners.ContainsKey(LocalEndPoint.Name));
            var locals = options.Resources.ToDictionary(
                resource => resource.Key, resource => new LocalResource(resources[resource.Key], ProtocolCatalog.Create(ProtocolOfLocal(resource.Value)), local), StringComparer.OrdinalIgnoreCase);
            return new Topology(resources, listeners, bound, locals);
        }
        catch
        {
            foreach (var resource in resources.Values)
            {
                resource.Gate.Dispose(); // A resource that has not started owns nothing else.
                resource.Log.Dispose();
                resource.Watch?.Dispose();
            }

            bound.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Creates all processors, and only then opens the links: connects to devices, opens serial lines and starts programs.
    /// To be called when nothing else can keep the host from starting; the topology owns what was created before an
    /// exception.
    /// </summary>
    /// <exception cref="SocketSyncStartupException">A processor cannot be created; no link is opened.</exception>
    public static void Start(IServiceProvider services, SocketSyncOptions options, Topology topology)
    {
        if (options.Cluster.Node is not null)
            return; // ResourceTerms starts each, when this node becomes its owner
        var catalog = services.GetRequiredService<ProcessorCatalog>();
        var listeners = options.ListenersByResource();
        foreach (var (name, resource) in options.Resources)
            topology.Resources[name].Start(CreateProcessor(services, catalog, listeners[name], resource, name, term: null));

        foreach (var resource in topology.Resources.Values) resource.Link?.Start();
    }

    /// <summary>Creates the processor of a resource, with its link, which is not opened yet.</summary>
    /// <param name="services">Gives the processor what it needs.</param>
    /// <param name="catalog">The processors by name.</param>
    /// <param name="listeners">The listeners that reach the resource.</param>
    /// <param name="resource">The resource's settings.</param>
    /// <param name="name">The resource's name.</param>
    /// <param name="term">This node's right to use the resource, if several nodes share it.</param>
    public static IRequestProcessor CreateProcessor(
        IServiceProvider services,
        ProcessorCatalog catalog,
        IEnumerable<KeyValuePair<string, ListenerOptions>> listeners,
        ResourceOptions resource,
        string name,
        Term? term)
    {
        var clients = listeners.ToDictionary(listener => listener.Key, listener => listener.Value.Protocol!, StringComparer.OrdinalIgnoreCase);
        foreach (var local in (string[])[LocalEndPoint.Name, LocalEndPoint.OtherName])
            clients.TryAdd(local, ProtocolOfLocal(resource));
        return catalog[resource.Processor].Create(services, new ResourceSetup(name, resource, clients, term));
    }

    /// <summary>What the host's own code speaks: as a client would, unless each listener has a protocol of its own and the resource has none that fits.</summary>
    private static ProtocolOptions ProtocolOfLocal(ResourceOptions resource) =>
        resource.Link?.Protocol is { } device && !ProtocolCatalog.CanBeRelayed(resource.Protocol, device) ? device : resource.Protocol;

    private static ListenerState CreateListener(
        string name,
        ListenerOptions listener,
        SocketSyncOptions options,
        Dictionary<string, SharedResource> resources,
        TimeProvider time,
        ILoggerFactory loggers)
    {
        var routes = listener.ResourceNames().Select(resource => new Route(resources[resource])).ToList();
        foreach (var route in routes)
            Topology.Configure(route, options.Resources[route.Resource.Name], listener);
        UnitRoutes? units = null;
        if (listener.Routes.Count > 0)
        {
            var byUnit = new Route?[byte.MaxValue + 1];
            foreach (var given in listener.Routes)
            {
                foreach (var unit in NumberRanges.Parse(given.Units!).Numbers())
                    byUnit[unit] = routes.Single(route => route.Resource.Name.Equals(given.Resource, StringComparison.OrdinalIgnoreCase));
            }

            units = new UnitRoutes(name, listener.Protocol!.Definition!.Modbus!, byUnit, time, loggers.CreateLogger<UnitRoutes>());
        }

        return new ListenerState(name, listener, ProtocolCatalog.Create(listener.Protocol!), routes, units)
        {
            Line = listener.Telnet ? options.Resources[listener.Resource!].Link!.Serial : null,
        };
    }

    private static BoundListeners Bind(SocketSyncOptions options)
    {
        try
        {
            return ListenerBinder.Bind(options.Listeners, options.DefaultAddress, options.Cluster);
        }
        catch (ListenerBindException exception)
        {
            throw new SocketSyncStartupException(exception.Problems);
        }
    }
}

/// <summary>
/// Sizes the thread pool for processors that may block. The pool starts with one thread per core, and if all are blocked it
/// waits up to a second before it adds another; meanwhile everything that needs the pool stalls, health checks included. A
/// resource has one turn at a time, so one more thread per resource lets all of them block at once.
/// </summary>
internal static class ThreadPoolSizing
{
    public static void Prepare(int processorsThatMayBlock)
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.SetMinThreads(Math.Min(Math.Max(workers, Environment.ProcessorCount + processorsThatMayBlock), most), completions);
    }
}
