using System.Net;
using Microsoft.AspNetCore.Connections;

namespace SocketSync;

/// <summary>Connection middleware that filters clients by IP address.</summary>
public static class AllowedNetworksExtensions
{
    /// <summary>
    /// Closes each connection from outside <paramref name="networks"/> at once, without sending anything. Connections without
    /// an IP address (Unix sockets) are allowed. An IPv4 client of a dual-mode socket counts as IPv4.
    /// </summary>
    /// <param name="builder">The listener's connection pipeline.</param>
    /// <param name="networks">The allowed networks; an empty collection allows all clients.</param>
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
