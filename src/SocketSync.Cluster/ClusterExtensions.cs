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
        return builder;
    }
}
