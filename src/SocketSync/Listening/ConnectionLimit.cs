using System.Net;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace SocketSync;

/// <summary>Connection middleware that limits the number of open connections of a listener.</summary>
public static class ConnectionLimitExtensions
{
    /// <summary>Closes each connection over <paramref name="maximum"/> at once, without sending anything.</summary>
    /// <param name="builder">The listener's connection pipeline.</param>
    /// <param name="maximum">The maximum number of open connections; at least 1.</param>
    /// <param name="onRejected">Called for each connection that is closed.</param>
    /// <returns>The same pipeline.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maximum"/> is less than 1.</exception>
    public static IConnectionBuilder UseConnectionLimit(
        this IConnectionBuilder builder, int maximum, Action<ConnectionContext>? onRejected = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 1);
        return builder.UseConnectionLimit(new ConnectionCounter(maximum), onRejected);
    }

    /// <summary>
    /// Closes each connection over <paramref name="maximum"/> from one client address at once, without sending anything.
    /// Connections without an IP address (Unix sockets) are not limited. An IPv4 client of a dual-mode socket counts as IPv4.
    /// </summary>
    /// <param name="builder">The listener's connection pipeline; behind a proxy, after <see cref="ProxyProtocolExtensions.UseProxyProtocol"/>.</param>
    /// <param name="maximum">The maximum number of open connections per address; at least 1.</param>
    /// <param name="onRejected">Called for each connection that is closed.</param>
    /// <returns>The same pipeline.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maximum"/> is less than 1.</exception>
    public static IConnectionBuilder UseConnectionLimitPerAddress(
        this IConnectionBuilder builder, int maximum, Action<ConnectionContext>? onRejected = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximum, 1);
        var open = new AddressCounter(maximum);
        return builder.Use(next => async connection =>
        {
            if (connection.RemoteEndPoint is not IPEndPoint { Address: var address })
            {
                await next(connection);
                return;
            }

            var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
            if (!open.TryEnter(plain))
            {
                onRejected?.Invoke(connection);
                return;
            }

            try
            {
                await next(connection);
            }
            finally
            {
                open.Leave(plain);
            }
        });
    }

    /// <summary>Limits connections by a counter that several pipelines can share.</summary>
    internal static IConnectionBuilder UseConnectionLimit(
        this IConnectionBuilder builder, ConnectionCounter open, Action<ConnectionContext>? onRejected) =>
        builder.Use(next => async connection =>
        {
            if (!open.TryEnter())
            {
                onRejected?.Invoke(connection);
                return;
            }

            try
            {
                await next(connection);
            }
            finally
            {
                open.Leave();
            }
        });
}

internal sealed class ConnectionCounter(int maximum)
{
    private int _value;

    public int Maximum { get; } = maximum;

    public bool TryEnter()
    {
        // Never exceeds the maximum, even for a moment: another connection would be refused because of it.
        for (var seen = Volatile.Read(ref _value); seen < Maximum;)
        {
            var before = Interlocked.CompareExchange(ref _value, seen + 1, seen);
            if (before == seen)
                return true;

            seen = before;
        }

        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _value);
}

/// <summary>Counts open connections by address; keeps no entry for an address without any.</summary>
internal sealed class AddressCounter(int maximum)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _open = [];

    public bool TryEnter(IPAddress address)
    {
        lock (_lock)
        {
            ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_open, address, out _);
            if (count >= maximum)
                return false;
            count++;
            return true;
        }
    }

    public void Leave(IPAddress address)
    {
        lock (_lock)
        {
            if (--CollectionsMarshal.GetValueRefOrNullRef(_open, address) == 0)
                _open.Remove(address);
        }
    }
}
