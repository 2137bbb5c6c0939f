using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>Lets a host see and steer what other nodes own.</summary>
internal static class ClusterWatch
{
    /// <param name="services">The host's services.</param>
    /// <param name="view">
    /// How the other nodes are reached; <see langword="null"/> where the configuration names no node, which is known when it has been
    /// read: what follows is then <see langword="null"/> too, as if it had not been added.
    /// </param>
    public static void AddClusterView(this IServiceCollection services, Func<IServiceProvider, IClusterView?> view)
    {
        services.AddSingleton<IClusterView>(provider => view(provider)!);
        services.AddSingleton<ClusterPauses>();
        services.AddSingleton<LocalNode>();
        services.AddSingleton<ClusterNodes>(provider => provider.GetService<IClusterView>() is { } view
            ? new(
                view,
                provider.GetRequiredService<LocalNode>(),
                provider.GetRequiredService<ClusterPauses>(),
                provider.GetRequiredService<Topology>(),
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILogger<ClusterNodes>>())
            : null!);
        services.AddSingleton<ClusterSteering>(provider => provider.GetService<ClusterNodes>() is { } nodes
            ? new(nodes, provider.GetRequiredService<ClusterPauses>(), provider.GetRequiredService<Topology>(), provider.GetRequiredService<SocketSyncOptions>())
            : null!);
        services.AddHostedService<ClusterWatchService>();
    }

    private sealed class ClusterWatchService(SocketSyncMeter meter, Topology topology, ClusterNodes? nodes = null) : IHostedService
    {
        private ClusterMeter? _meter;

        public Task StartAsync(CancellationToken cancellationToken)
        {
            if (nodes is null)
                return Task.CompletedTask;
            _meter = new ClusterMeter(meter.Meter, nodes, topology);
            return nodes.StartAsync(cancellationToken);
        }

        public Task StopAsync(CancellationToken cancellationToken) => nodes?.StopAsync(cancellationToken) ?? Task.CompletedTask;
    }
}
