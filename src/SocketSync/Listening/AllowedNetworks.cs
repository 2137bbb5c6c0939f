using System.Net;
using Microsoft.AspNetCore.Connections;

namespace SocketSync;

/// <summary>Connection middleware that lets clients in by their address.</summary>
public static class AllowedNetworksExtensions
{
    /// <summary>
    /// Closes each connection that comes from outside <paramref name="networks"/> at once; nothing is sent. A connection
    /// without an IP address (a Unix socket) passes. An IPv4 client of a socket for both families counts as IPv4.
    /// </summary>
    /// <param name="builder">The listener's connection pipeline.</param>
    /// <param name="networks">The networks that are let in; empty lets all in.</param>
    /// <param name="onRejected">Called for each connection that is closed.</param>
    /// <returns>The same pipeline.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="networks"/> is <see langword="null"/>.</exception>
    public static IConnectionBuilder UseAllowedNetworks(
        this IConnectionBuilder builder, IReadOnlyCollection<IPNetwork> networks, Action<ConnectionContext>? onRejected = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(networks);
        if (networks.Count == 0)
            return builder;

        var allowed = new NetworkSet(networks);
        return builder.Use(next => connection =>
        {
            if (connection.RemoteEndPoint is not IPEndPoint { Address: var address } || allowed.Contains(address))
                return next(connection);

            onRejected?.Invoke(connection);
            return Task.CompletedTask;
        });
    }
}

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
