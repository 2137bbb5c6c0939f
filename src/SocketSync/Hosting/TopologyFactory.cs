using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Makes what runs out of what the file says; all of it, or nothing.</summary>
internal static class TopologyFactory
{
    /// <summary>Binds every listener's address, and makes the resources behind them, which touch nothing before <see cref="Start"/>.</summary>
    /// <exception cref="SocketSyncStartupException">An address cannot be had.</exception>
    public static Topology Create(IServiceProvider services, SocketSyncOptions options)
    {
        var loggers = services.GetRequiredService<ILoggerFactory>();
        var catalog = services.GetRequiredService<ProcessorCatalog>();
        var meter = services.GetRequiredService<SocketSyncMeter>();
        var time = services.GetRequiredService<TimeProvider>();

        var bound = Bind(options);
        var resources = new Dictionary<string, SharedProcessor>(StringComparer.OrdinalIgnoreCase);
        try
        {
            foreach (var (name, resource) in options.Resources)
            {
                var registration = catalog[resource.Processor];
                var watch = new ResourceWatch(name, services.GetRequiredService<TurnFeed>(), time);
                resources.Add(name, new SharedProcessor(
                    name,
                    registration,
                    processor: null,
                    new Gate(resource.TurnsOf(), time, new TurnMetrics(meter.Meter, name), registration.NeverBlocks, watch),
                    watch,
                    loggers.CreateLogger<SharedProcessor>(),
                    time)
                {
                    IsRequired = resource.Required,
                });
            }

            var listeners = new Dictionary<string, ListenerState>(StringComparer.OrdinalIgnoreCase);
            foreach (var (name, listener) in options.Listeners)
            {
                var resource = options.Resources[listener.Resource!];
                listeners.Add(name, new ListenerState(
                    name, listener, resources[listener.Resource!], ProtocolCatalog.Create(listener.Protocol!), resource.OnError)
                {
                    EndOfStream = resource.EndOfStreamOf(listener.Protocol!),
                });
            }

            PoolReserve.Prepare(options.Resources.Values.Count(resource => !catalog[resource.Processor].NeverBlocks));
            return new Topology(resources, listeners, bound);
        }
        catch
        {
            foreach (var resource in resources.Values)
            {
                resource.Gate.Dispose(); // There is no more to one that has not started.
                resource.Log.Dispose();
            }

            bound.Close();
            throw;
        }
    }

    /// <summary>
    /// Makes every processor, and only then opens the links: devices are connected to, lines opened and programs started. To
    /// be called when nothing can keep the host from running any more; what it made before it threw is the topology's.
    /// </summary>
    /// <exception cref="SocketSyncStartupException">A processor cannot be made; no link is opened.</exception>
    public static void Start(IServiceProvider services, SocketSyncOptions options, Topology topology)
    {
        var catalog = services.GetRequiredService<ProcessorCatalog>();
        var listeners = options.Listeners.ToLookup(listener => listener.Value.Resource!, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, resource) in options.Resources)
        {
            var clients = listeners[name].ToDictionary(listener => listener.Key, listener => listener.Value.Protocol!, StringComparer.OrdinalIgnoreCase);
            topology.Resources[name].Start(catalog[resource.Processor].Create(services, new ResourceSetup(name, resource, clients)));
        }

        foreach (var resource in topology.Resources.Values) resource.Link?.Start();
    }

    private static BoundListeners Bind(SocketSyncOptions options)
    {
        try
        {
            return ListenerBinder.Bind(options.Listeners, options.DefaultAddress);
        }
        catch (ListenerBindException exception)
        {
            throw new SocketSyncStartupException(exception.Problems);
        }
    }
}
