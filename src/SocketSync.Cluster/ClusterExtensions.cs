using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace SocketSync;

/// <summary>Lets a host share its resources with other nodes.</summary>
public static class ClusterExtensions
{
    /// <summary>
    /// Makes this host one node of several, if <c>SocketSync:Cluster:Node</c> names it. Without that key nothing of the cluster is
    /// loaded or started.
    /// </summary>
    /// <param name="builder">The builder that <c>AddSocketSync</c> has returned.</param>
    /// <returns>The same builder.</returns>
    public static SocketSyncBuilder AddCluster(this SocketSyncBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var services = builder.Services;
        if (services.Any(service => service.ServiceType == typeof(IResourceDirectory)))
            return builder;
        // Whether there is a cluster is known when the configuration has been read; until then no type of it is touched.
        services.AddSingleton<IResourceDirectory>(provider => IsOn(provider) ? DirectoryOf(provider) : null!);
        services.AddSingleton<IHostedService>(provider => IsOn(provider) ? NodeOf(provider) : new NoNode());
        services.AddClusterView(provider => IsOn(provider) ? ViewOf(provider) : null);
        AddParts(services);
        return builder;
    }

    private static bool IsOn(IServiceProvider provider) => provider.GetRequiredService<SocketSyncOptions>().Cluster.Node is not null;

    // Each is not inlined, so that the types behind it, and with them Orleans, are loaded when it is called, and not before.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ResourceDirectory DirectoryOf(IServiceProvider provider) => provider.GetRequiredService<ClusterTable>().Directory;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ClusterNode NodeOf(IServiceProvider provider) => provider.GetRequiredService<ClusterNode>();

    [MethodImpl(MethodImplOptions.NoInlining)]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "CA1859:Use concrete types when possible for improved performance", Justification = "The class has a field of a struct of Orleans, which would be loaded with it.")]
    private static IClusterView ViewOf(IServiceProvider provider)
    {
        var node = provider.GetRequiredService<ClusterNode>();
        return new ClusterView(node.Name, node.Silo, node.MoveAsync);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddParts(IServiceCollection services)
    {
        services.AddSingleton<ClusterTable>();
        services.AddSingleton<ClusterNode>();
        services.AddSingleton<FeedReaders>();
    }

    /// <summary>A server that is alone.</summary>
    private sealed class NoNode : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
