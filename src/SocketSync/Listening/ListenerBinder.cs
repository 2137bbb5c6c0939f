using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>Binds the sockets of all listeners or of none, without listening yet.</summary>
internal static class ListenerBinder
{
    private const int SamePortAttempts = 10;

    /// <param name="listeners">The listeners by name.</param>
    /// <param name="defaultAddress">The address of those that name none.</param>
    /// <param name="cluster">Where clients of other nodes are taken, if there are other nodes.</param>
    /// <exception cref="ListenerBindException">At least one address cannot be bound; no socket stays bound.</exception>
    public static BoundListeners Bind(IReadOnlyDictionary<string, ListenerOptions> listeners, string defaultAddress, ClusterOptions? cluster = null)
    {
        List<string> problems = [];
        List<ListenerEndPoint> bound = [];
        var onPort = new Dictionary<(int Port, SocketTransport Transport), List<Socket>>();
        var paths = new HashSet<string>(StringComparer.Ordinal);
        var addresses = listeners.Select(listener => (Address: ListenerBinding.Of(listener.Key, listener.Value, defaultAddress), IsPlain: listener.Value.Tls is null)).ToList();
        if (cluster?.Node is not null)
            addresses.Add((ListenerBinding.OfForwarding(cluster), cluster.Tls is null));
        foreach (var (address, isPlain) in addresses)
        {
            var sockets = address.UnixSocket is null ? BindIp(address, problems) : BindUnix(address, paths, problems);
            if (sockets.Count == 0)
                continue;

            var endPoint = new ListenerEndPoint(address, sockets, preferInlineScheduling: isPlain);
            problems.AddRange(OverlapsWith(onPort, endPoint));
            bound.Add(endPoint);
        }

        var all = new BoundListeners(bound);
        if (problems.Count == 0)
            return all;

        all.Dispose();
        throw new ListenerBindException(problems);
    }

    private static List<Socket> BindUnix(ListenerBinding address, HashSet<string> bound, List<string> problems)
    {
        var path = Path.GetFullPath(address.UnixSocket!);
        // Another listener's socket is bound but not listening yet, so its file would be mistaken for a stale one.
        if (bound.Contains(path))
        {
            problems.Add(address.UnixSocketProblem("is already in use"));
            return [];
        }

        try
        {
            if (UnixSocketFile.TryBind(path, address.Transport, address.UnixSocketMode, out var socket, out var problem))
            {
                bound.Add(path);
                return [socket];
            }

            problems.Add(address.UnixSocketProblem(problem));
        }
        catch (SocketException e)
        {
            problems.Add(address.Problem(e, new UnixDomainSocketEndPoint(path)));
        }

        return [];
    }

    private static List<Socket> BindIp(ListenerBinding address, List<string> problems)
    {
        var place = new ListenAddress(address.Address, address.Port);
        if (place.IsLocalhost)
            return BindLocalhost(address, problems);
        if (place.IsAny)
            return BindAny(address, problems);
        if (place.Addresses is [var ip])
            return BindOne(address, new IPEndPoint(ip, address.Port), problems);

        problems.Add(address.AddressProblem("must be an IP address, 'localhost' or '*'"));
        return [];
    }

    /// <summary>Binds both loopback addresses to one port, because clients may try either first.</summary>
    private static List<Socket> BindLocalhost(ListenerBinding address, List<string> problems)
    {
        List<Socket> unsuitable = [];
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                var v4 = TryBind(address.Transport, new IPEndPoint(IPAddress.Loopback, address.Port), out var error4);
                var port = v4 is null ? address.Port : ((IPEndPoint)v4.LocalEndPoint!).Port;
                var v6 = TryBind(address.Transport, new IPEndPoint(IPAddress.IPv6Loopback, port), out var error6);

                // The port that is free for IPv4 may be taken for IPv6. Keeping the socket open prevents the same pick again.
                if (v4 is not null && error6 is { SocketErrorCode: SocketError.AddressAlreadyInUse }
                    && address.Port == 0 && attempt < SamePortAttempts)
                {
                    unsuitable.Add(v4);
                    continue;
                }

                if ((v4 is null && !IsMissingFamily(error4)) || (v6 is null && !IsMissingFamily(error6)) || (v4 ?? v6) is null)
                {
                    v4?.Dispose();
                    v6?.Dispose();
                    if (error4 is not null)
                        problems.Add(address.Problem(error4, new IPEndPoint(IPAddress.Loopback, port)));
                    if (error6 is not null && !IsMissingFamily(error6))
                        problems.Add(address.Problem(error6, new IPEndPoint(IPAddress.IPv6Loopback, port)));
                    return [];
                }

                return [.. new[] { v4, v6 }.OfType<Socket>()];
            }
        }
        finally
        {
            unsuitable.ForEach(s => s.Dispose());
        }
    }

    private static List<Socket> BindAny(ListenerBinding address, List<string> problems)
    {
        if (TryBind(address.Transport, new IPEndPoint(IPAddress.IPv6Any, address.Port), out var error, dualMode: true) is { } any)
            return [any];

        return IsMissingFamily(error)
            ? BindOne(address, new IPEndPoint(IPAddress.Any, address.Port), problems)
            : Failed(address, error!, new IPEndPoint(IPAddress.IPv6Any, address.Port), problems);
    }

    private static List<Socket> BindOne(ListenerBinding address, IPEndPoint endPoint, List<string> problems) =>
        TryBind(address.Transport, endPoint, out var error) is { } socket ? [socket] : Failed(address, error!, endPoint, problems);

    private static List<Socket> Failed(ListenerBinding address, SocketException error, IPEndPoint endPoint, List<string> problems)
    {
        problems.Add(address.Problem(error, endPoint));
        return [];
    }

    private static Socket? TryBind(SocketTransport transport, IPEndPoint endPoint, out SocketException? error, bool dualMode = false)
    {
        Socket? socket = null;
        try
        {
            socket = transport == SocketTransport.Stream
                ? new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
                : new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = dualMode;
            socket.Bind(endPoint);
            error = null;
            return socket;
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            error = e;
            return null;
        }
    }

    private static bool IsMissingFamily(SocketException? error) => error?.SocketErrorCode is
        SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported or SocketError.ProtocolFamilyNotSupported;

    /// <summary>
    /// Finds overlaps between listeners of one configuration. On Linux, sockets that are bound but not listening may share an
    /// address, so such a conflict would otherwise show only once HTTP is up.
    /// </summary>
    /// <param name="onPort">The sockets of the previous listeners by port and kind; the sockets of this one are added.</param>
    /// <param name="endPoint">The listener.</param>
    private static List<string> OverlapsWith(Dictionary<(int Port, SocketTransport Transport), List<Socket>> onPort, ListenerEndPoint endPoint)
    {
        if (endPoint.Port is not { } port)
            return [];
        var place = (port, endPoint.Address.Transport);
        if (!onPort.TryGetValue(place, out var others))
            onPort[place] = others = [];
        List<string> problems =
            [.. endPoint.Sockets.Where(mine => others.Exists(other => Overlap(mine, other))).Select(mine => endPoint.Address.InUse(mine.LocalEndPoint!))];
        others.AddRange(endPoint.Sockets);
        return problems;
    }

    private static bool Overlap(Socket a, Socket b)
    {
        if (a.LocalEndPoint is not IPEndPoint x || b.LocalEndPoint is not IPEndPoint y)
            return false;

        return x.Address.Equals(y.Address) || Covers(a, x, y) || Covers(b, y, x);
    }

    private static bool Covers(Socket socket, IPEndPoint wide, IPEndPoint narrow) =>
        wide.Address.Equals(IPAddress.Any) && narrow.AddressFamily == AddressFamily.InterNetwork
        || wide.Address.Equals(IPAddress.IPv6Any) && (socket.DualMode || narrow.AddressFamily == AddressFamily.InterNetworkV6);
}
