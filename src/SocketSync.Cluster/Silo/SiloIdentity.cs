using System.Net;
using Orleans;
using Orleans.Runtime;

namespace SocketSync;

/// <summary>
/// Who this silo is: its address, and which of its lives this one is (its generation). Orleans takes that number from the wall clock, and
/// a silo that finds a later one of its own address in the table of the members ends itself. So a node whose clock was ahead, and was set
/// right, would be locked out until that time has come; here, a life is always later than the last.
/// </summary>
internal sealed class SiloIdentity(ClusterOptions cluster) : ILocalSiloDetails
{
    private readonly IPEndPoint _endPoint = new(NodeAddress.Of(cluster), cluster.NodePort);
    private SiloAddress? _address;

    public string Name => cluster.Node!;

    public string ClusterId => cluster.Id;

    public string DnsHostName { get; } = Dns.GetHostName();

    public SiloAddress SiloAddress => _address ?? throw new InvalidOperationException("The members have not been read yet.");

    // Null, as Orleans has it, where there is no port for Orleans' clients.
    public SiloAddress GatewayAddress => null!;

    /// <summary>Begins a life after those in the table; before the silo is started.</summary>
    public void Follow(MembershipTableData members)
    {
        var last = members.Members
            .Where(member => member.Item1.SiloAddress.Endpoint.Equals(_endPoint))
            .Select(static member => member.Item1.SiloAddress.Generation)
            .DefaultIfEmpty()
            .Max();
        _address = SiloAddress.New(_endPoint, Math.Max(SiloAddress.AllocateNewGeneration(), last + 1));
    }
}
