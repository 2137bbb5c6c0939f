using System.Net;
using Microsoft.AspNetCore.Connections;

namespace SocketSync;

/// <summary>Connection middleware for listeners behind proxies that send a PROXY header.</summary>
public static class ProxyProtocolExtensions
{
    /// <summary>
    /// Closes each connection that does not come from one of <paramref name="proxies"/> at once, without sending anything. Add it
    /// before <see cref="UseProxyProtocol"/>, which trusts every peer.
    /// </summary>
    /// <param name="builder">The listener's connection pipeline.</param>
    /// <param name="proxies">The networks of the proxies; at least one. A connection without an IP address belongs to none.</param>
    /// <param name="onRejected">Called for each connection that is closed.</param>
    /// <returns>The same pipeline.</returns>
    /// <exception cref="ArgumentException"><paramref name="proxies"/> is empty.</exception>
    public static IConnectionBuilder UseTrustedProxies(
        this IConnectionBuilder builder, IReadOnlyCollection<IPNetwork> proxies, Action<ConnectionContext>? onRejected = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(proxies);
        if (proxies.Count == 0)
            throw new ArgumentException("At least one network is required.", nameof(proxies));

        var trusted = new NetworkSet(proxies);
        return builder.Use(next => connection =>
        {
            if (connection.RemoteEndPoint is IPEndPoint { Address: var address } && trusted.Contains(address))
                return next(connection);

            onRejected?.Invoke(connection);
            return Task.CompletedTask;
        });
    }

    /// <summary>
    /// Reads the PROXY protocol header, version 1 or 2, at the start of each connection. Middleware added after it sees only the
    /// client's own bytes, and the client's address as <see cref="BaseConnectionContext.RemoteEndPoint"/>. If the proxy sends on
    /// its own behalf (<c>LOCAL</c>) or does not know the client's address (<c>UNKNOWN</c>), that stays the proxy's address. A
    /// connection that does not start with a complete, valid header of at most 4096 bytes is closed without sending anything.
    /// </summary>
    /// <param name="builder">The listener's connection pipeline.</param>
    /// <param name="headerTimeout">
    /// The timeout for the header. The specification asks for 3 seconds or more, to allow for a TCP retransmission.
    /// </param>
    /// <param name="onRejected">
    /// Called for each connection that is closed because of its header, with the reason worded to end a sentence. Not called for a
    /// connection that ends without sending a byte, such as a probe.
    /// </param>
    /// <param name="time">Measures the timeout; the system clock by default.</param>
    /// <returns>The same pipeline.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="headerTimeout"/> is not positive.</exception>
    /// <seealso href="https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt">The PROXY protocol, versions 1 and 2</seealso>
    public static IConnectionBuilder UseProxyProtocol(
        this IConnectionBuilder builder, TimeSpan headerTimeout, Action<ConnectionContext, string>? onRejected = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(headerTimeout, TimeSpan.Zero);
        return builder.Use(next => async connection =>
        {
            var (isLetIn, problem) = await TakeHeaderAsync(connection, headerTimeout, time ?? TimeProvider.System);
            if (isLetIn)
                await next(connection);
            else if (problem is not null)
                onRejected?.Invoke(connection, problem);
        });
    }

    private static async Task<(bool IsLetIn, string? Problem)> TakeHeaderAsync(ConnectionContext connection, TimeSpan timeout, TimeProvider time)
    {
        var input = connection.Transport.Input;
        using var limit = new CancellationTokenSource(timeout, time);
        try
        {
            while (true)
            {
                var result = await input.ReadAsync(limit.Token);
                var status = ProxyHeader.Read(result.Buffer, out var header);
                if (status == ProxyHeaderStatus.Complete)
                {
                    // Nothing beyond the header is marked as examined, so the next reader gets it at once.
                    input.AdvanceTo(result.Buffer.GetPosition(header.Length));
                    connection.RemoteEndPoint = header.Source ?? connection.RemoteEndPoint;
                    return (true, null);
                }

                var length = result.Buffer.Length;
                input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                if (status != ProxyHeaderStatus.Incomplete)
                    return (false, Words(status));
                if (result.IsCompleted)
                    return (false, length == 0 ? null : "it ended inside its PROXY header");
            }
        }
        catch (Exception exception) when (ClientDeparture.IsDeparture(exception)) // ConnectionAbortedException is a cancellation too.
        {
            return (false, null);
        }
        catch (OperationCanceledException)
        {
            return (false, $"its PROXY header was not whole within {timeout}");
        }
    }

    private static string Words(ProxyHeaderStatus status) => status switch
    {
        ProxyHeaderStatus.Missing => "it did not begin with a PROXY header",
        ProxyHeaderStatus.TooLarge => $"its PROXY header is longer than {ProxyHeader.MaxLength} bytes",
        ProxyHeaderStatus.Damaged => "the checksum in its PROXY header is wrong",
        _ => "its PROXY header is malformed",
    };
}
