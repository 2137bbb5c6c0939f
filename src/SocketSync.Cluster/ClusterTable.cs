using System.Net;

namespace SocketSync;

/// <summary>What this node knows of the others, and tells them of itself. Made before the listeners, which ask it.</summary>
internal sealed class ClusterTable
{
    public ClusterTable(SocketSyncOptions options, TimeProvider time)
    {
        var cluster = options.Cluster;
        Choice = new(options.Resources);
        Directory = new(cluster.Node!, cluster, Choice, time);
        Voice = new(Directory, new IPEndPoint(NodeAddress.Of(cluster), cluster.ForwardPort), time);
    }

    public OwnerChoice Choice { get; }

    public ResourceDirectory Directory { get; }

    public NodeVoice Voice { get; }
}
