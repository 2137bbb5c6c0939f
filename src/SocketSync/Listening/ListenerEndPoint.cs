using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>
/// A listener as an endpoint for Kestrel: a name and bound sockets. Accepts clients only between <see cref="Open"/> and
/// <see cref="Close"/>.
/// </summary>
internal sealed class ListenerEndPoint : EndPoint, IDisposable
{
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closed = new();

    /// <param name="address">The configured address.</param>
    /// <param name="sockets">The sockets, bound but not yet listening; two for "localhost", else one. This object takes ownership.</param>
    /// <param name="preferInlineScheduling">
    /// Whether the connection's code runs on the I/O thread: faster, but only for code that never blocks.
    /// </param>
    public ListenerEndPoint(ListenerBinding address, IReadOnlyList<Socket> sockets, bool preferInlineScheduling)
    {
        Address = address;
        Sockets = sockets;
        PreferInlineScheduling = preferInlineScheduling;
        LocalEndPoints = [.. sockets.Select(s => s.LocalEndPoint!)];
        Closed = _closed.Token;
    }

    public string Name => Address.Listener;

    public ListenerBinding Address { get; }

    /// <summary>The bound addresses with the port resolved: <see cref="IPEndPoint"/>s, or one <see cref="UnixDomainSocketEndPoint"/>.</summary>
    public IReadOnlyList<EndPoint> LocalEndPoints { get; }

    /// <summary>The port in use; <see langword="null"/> for a Unix socket.</summary>
    public int? Port => (LocalEndPoints[0] as IPEndPoint)?.Port;

    public bool PreferInlineScheduling { get; }

    /// <summary>Whether datagrams are received, by <see cref="DatagramListener"/>, instead of connections accepted by Kestrel.</summary>
    public bool IsDatagram => Address.Transport == SocketTransport.Datagram;

    /// <summary>Whether it takes the clients of other nodes, for any listener.</summary>
    public bool IsForward => Address.IsForward;

    /// <summary>Called for each client that is closed because file descriptors are nearly exhausted.</summary>
    public Action? Rejected { get; set; }

    public IReadOnlyList<Socket> Sockets { get; }

    /// <summary>Whether Kestrel has taken over this endpoint and will accept its clients.</summary>
    public bool IsServed { get; set; }

    /// <summary>Completes when <see cref="Open"/> or <see cref="Close"/> is called.</summary>
    public Task Opened => _opened.Task;

    public CancellationToken Closed { get; }

    /// <summary>Starts the accept loops; the sockets are already listening.</summary>
    public void Open() => _opened.TrySetResult();

    /// <summary>
    /// Stops accepting at once, and removes the file of a Unix socket. Datagrams are no longer received; their sockets are kept, for the
    /// replies, until <see cref="Dispose"/>. May be called more than once.
    /// </summary>
    public void Close()
    {
        _closed.Cancel();
        if (!IsDatagram)
            CloseSockets();
        _opened.TrySetResult();
    }

    public void Dispose()
    {
        Close();
        CloseSockets();
    }

    private void CloseSockets()
    {
        foreach (var socket in Sockets)
            socket.Dispose();
    }

    public override string ToString() => Name;
}

/// <summary>The address a listener binds to, and the configuration keys it comes from.</summary>
/// <param name="Listener">The listener's name.</param>
/// <param name="Address">An IP address, "localhost" or "*".</param>
/// <param name="IsDefaultAddress">Whether <paramref name="Address"/> is <c>SocketSync:DefaultAddress</c>.</param>
/// <param name="Port">The port; 0 picks a free one.</param>
/// <param name="UnixSocket">The path of a Unix socket, instead of address and port.</param>
internal sealed record ListenerBinding(string Listener, string Address, bool IsDefaultAddress, int Port, string? UnixSocket)
{
    public SocketTransport Transport { get; init; }

    public const string InUseWords = "is already in use";

    /// <summary>The rights of the Unix socket's file; what the umask leaves if not given.</summary>
    public UnixFileMode? UnixSocketMode { get; init; }

    /// <summary>Whether it takes the clients of other nodes: <c>SocketSync:Cluster:ForwardPort</c>.</summary>
    public bool IsForward { get; init; }

    public static ListenerBinding OfForwarding(ClusterOptions cluster) =>
        new("Clients of other nodes", NodeAddress.Of(cluster).ToString(), IsDefaultAddress: false, cluster.ForwardPort, UnixSocket: null) { IsForward = true };

    public static ListenerBinding Of(string listener, ListenerOptions options, string defaultAddress) =>
        new(listener, options.Address ?? defaultAddress, options.Address is null, options.Port, options.UnixSocket)
        {
            Transport = options.Transport,
            UnixSocketMode = UnixSocketModeAttribute.Parse(options.UnixSocketMode),
        };

    /// <summary>Describes in one line why the address cannot be bound.</summary>
    public string Problem(SocketException error, EndPoint endPoint) => error.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => InUse(endPoint),
        SocketError.AccessDenied => UnixSocket is null
            ? $"{PortLine}: permission to listen on {Show(endPoint)} is denied"
            : $"{UnixSocketLine}: permission is denied",
        SocketError.AddressNotAvailable when UnixSocket is null => $"{AddressLine}: is not an address of this machine",
        _ => UnixSocket is null
            ? $"{PortLine}: cannot listen on {Show(endPoint)}: {error.Message}"
            : $"{UnixSocketLine}: {error.Message}",
    };

    public string InUse(EndPoint endPoint) =>
        UnixSocket is null ? $"{PortLine}: {Show(endPoint)} {InUseWords}" : $"{UnixSocketLine}: {InUseWords}";

    /// <summary>Whether a problem is that somebody else listens there.</summary>
    public static bool IsInUse(string problem) => problem.EndsWith(InUseWords, StringComparison.Ordinal);

    public string UnixSocketProblem(string words) => $"{UnixSocketLine}: {words}";

    public string AddressProblem(string words) => $"{AddressLine}: {words}";

    private string AddressLine => IsForward ? $"{ClusterOptions.Path}:{nameof(ClusterOptions.Address)}: '{Address}'"
        : IsDefaultAddress
        ? $"SocketSync:DefaultAddress: '{Address}'"
        : $"SocketSync:Listeners:{Listener}:Address: '{Address}'";

    private string PortLine => IsForward ? $"{ClusterOptions.Path}:{nameof(ClusterOptions.ForwardPort)}: '{Port}'" : $"SocketSync:Listeners:{Listener}:Port: '{Port}'";

    private string UnixSocketLine => $"SocketSync:Listeners:{Listener}:UnixSocket: '{UnixSocket}'";

    private string Show(EndPoint endPoint) =>
        Address is "*" && endPoint is IPEndPoint ip ? $"*:{ip.Port}" : endPoint.ToString()!;
}

/// <summary>The listeners of a host, which are bound, opened and closed together.</summary>
internal sealed class BoundListeners(IReadOnlyList<ListenerEndPoint> endPoints) : IDisposable
{
    // Connects beyond the backlog wait seconds for retransmission. net.core.somaxconn caps it.
    private const int Backlog = 4096;

    public IReadOnlyList<ListenerEndPoint> EndPoints { get; } = endPoints;

    /// <summary>Starts listening on all sockets or on none. Clients can connect, but are not accepted before <see cref="Open"/>.</summary>
    /// <exception cref="ListenerBindException">Another program listens on the same address by now; all listeners are closed.</exception>
    public void Listen()
    {
        List<string> problems = [];
        foreach (var endPoint in EndPoints.Where(endPoint => !endPoint.IsDatagram))
        {
            foreach (var (socket, local) in endPoint.Sockets.Zip(endPoint.LocalEndPoints))
            {
                try
                {
                    socket.Listen(Backlog);
                }
                catch (SocketException e)
                {
                    problems.Add(endPoint.Address.Problem(e, local));
                }
            }
        }

        if (problems.Count > 0)
        {
            Dispose();
            throw new ListenerBindException(problems);
        }
    }

    /// <summary>Starts accepting clients.</summary>
    public void Open()
    {
        foreach (var endPoint in EndPoints)
            endPoint.Open();
    }

    /// <summary>Stops accepting at once on all listeners. May be called more than once, and before <see cref="Listen"/>.</summary>
    public void Close()
    {
        foreach (var endPoint in EndPoints)
            endPoint.Close();
    }

    public void Dispose()
    {
        foreach (var endPoint in EndPoints)
            endPoint.Dispose();
    }
}

/// <summary>Thrown when addresses cannot be bound.</summary>
/// <param name="problems">One line per address: the key's full path, its value, and the problem.</param>
internal sealed class ListenerBindException(IReadOnlyList<string> problems)
    : Exception(string.Join(Environment.NewLine, problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
