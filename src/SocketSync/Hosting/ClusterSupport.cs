using Microsoft.Extensions.DependencyInjection;

namespace SocketSync;

/// <summary>The package <c>SocketSync.Cluster</c>, of which the core knows only what it adds.</summary>
internal static class ClusterSupport
{
    /// <summary>Refuses a host that is told to be a node, and has not got what it takes: it would serve nothing, without a word.</summary>
    /// <exception cref="SocketSyncStartupException">The host has not called <c>AddCluster</c>.</exception>
    public static HostConfiguration Check(HostConfiguration host, IServiceProvider services)
    {
        if (host.Options.Cluster.Node is { } node && services.GetRequiredService<IServiceProviderIsService>().IsService(typeof(IResourceDirectory)) is false)
        {
            throw new SocketSyncStartupException(
                [$"{ClusterOptions.Path}:{nameof(ClusterOptions.Node)}: '{node}': is for a host that calls AddCluster() of the package SocketSync.Cluster, and this one does not"]);
        }

        return host;
    }
}
