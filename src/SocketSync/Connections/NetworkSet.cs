using System.Net;

namespace SocketSync;

/// <summary>Networks, some of which an address may be in. An IPv4 address written as IPv6 counts as IPv4.</summary>
internal sealed class NetworkSet(IEnumerable<IPNetwork> networks)
{
    private readonly IPNetwork[] _networks = [.. networks.Select(WithoutMapping)];

    public bool Contains(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return Array.Exists(_networks, network => network.Contains(plain));
    }

    private static IPNetwork WithoutMapping(IPNetwork network)
    {
        const int MappedPrefixLength = 96;
        return network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= MappedPrefixLength
            ? new IPNetwork(network.BaseAddress.MapToIPv4(), network.PrefixLength - MappedPrefixLength)
            : network;
    }
}
