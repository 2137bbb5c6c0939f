using System.Net;

namespace SocketSync;

/// <summary>A set of networks. IPv4-mapped IPv6 addresses and networks count as IPv4.</summary>
internal sealed class NetworkSet(IEnumerable<IPNetwork> networks)
{
    private readonly IPNetwork[] _networks = [.. networks.Select(WithoutMapping)];

    public static NetworkSet Parse(IEnumerable<string> networks) => new(networks.Select(network => IPNetwork.Parse(network)));

    public bool Contains(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (var network in _networks)
        {
            if (network.Contains(plain)) return true;
        }

        return false;
    }

    /// <summary>Whether each network of the other set lies within one of this.</summary>
    public bool Contains(NetworkSet other) => Array.TrueForAll(
        other._networks, inner => Array.Exists(_networks, outer => outer.PrefixLength <= inner.PrefixLength && outer.Contains(inner.BaseAddress)));

    private static IPNetwork WithoutMapping(IPNetwork network)
    {
        const int MappedPrefixLength = 96;
        return network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= MappedPrefixLength
            ? new IPNetwork(network.BaseAddress.MapToIPv4(), network.PrefixLength - MappedPrefixLength)
            : network;
    }
}
