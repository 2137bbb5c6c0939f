using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Makes what runs out of what the file says; all of it, or nothing.</summary>
internal static class TopologyFactory
{
    /// <exception cref="SocketSyncStartupException">An address cannot be had.</exception>
    public static Topology Create(IServiceProvider services, SocketSyncOptions options)
    {
        var loggers = services.GetRequiredService<ILoggerFactory>();
        var catalog = services.GetRequiredService<ProcessorCatalog>();
        var meter = services.GetRequiredService<SocketSyncMeter>();
        var time = services.GetRequiredService<TimeProvider>();

        var bound = Bind(options);
        try
        {
            var resources = new Dictionary<string, SharedProcessor>(StringComparer.OrdinalIgnoreCase);
            foreach (var (name, resource) in options.Resources)
            {
                var registration = catalog[resource.Processor];
                var watch = new ResourceWatch(name, services.GetRequiredService<TurnFeed>(), time);
                resources.Add(name, new SharedProcessor(
                    name,
                    registration,
                    registration.Create(services, new ResourceSetup(name, resource, ClientsOf(name, options))),
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
                    name, listener, resources[listener.Resource!], ProtocolFactory.Create(listener.Protocol!), resource.OnError)
                {
                    EndOfStream = resource.EndOfStreamOf(listener.Protocol!),
                });
            }

            PoolReserve.Prepare(options.Resources.Values.Count(resource => !catalog[resource.Processor].NeverBlocks));
            return new Topology(resources, listeners, bound);
        }
        catch
        {
            bound.Close();
            throw;
        }
    }

    private static Dictionary<string, ProtocolOptions> ClientsOf(string resource, SocketSyncOptions options) =>
        options.Listeners
            .Where(listener => listener.Value.Resource!.Equals(resource, StringComparison.OrdinalIgnoreCase))
            .ToDictionary(listener => listener.Key, listener => listener.Value.Protocol!, StringComparer.OrdinalIgnoreCase);

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
