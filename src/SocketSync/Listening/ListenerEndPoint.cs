using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>
/// A listener as Kestrel is told of it: bound sockets under a name. Nothing is accepted before <see cref="Open"/> or
/// after <see cref="Close"/>.
/// </summary>
internal sealed class ListenerEndPoint : EndPoint, IDisposable
{
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _closed = new();

    /// <param name="address">What the configuration says.</param>
    /// <param name="sockets">Bound, not yet listening; two for "localhost", else one. Owned from here on.</param>
    /// <param name="preferInlineScheduling">
    /// Whether the connection's code runs on the thread that moves bytes: fast, for code that never blocks.
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

    /// <summary>Where the sockets are bound, the port resolved: <see cref="IPEndPoint"/>s, or a <see cref="UnixDomainSocketEndPoint"/>.</summary>
    public IReadOnlyList<EndPoint> LocalEndPoints { get; }

    /// <summary>The port in use; <see langword="null"/> for a Unix socket.</summary>
    public int? Port => (LocalEndPoints[0] as IPEndPoint)?.Port;

    public bool PreferInlineScheduling { get; }

    /// <summary>Called for each client that is closed unserved because file descriptors run out.</summary>
    public Action? Rejected { get; set; }

    public IReadOnlyList<Socket> Sockets { get; }

    /// <summary>Whether somebody will accept its clients, as Kestrel does once it has started.</summary>
    public bool IsServed { get; set; }

    /// <summary>Done once the sockets listen, or never will.</summary>
    public Task Opened => _opened.Task;

    public CancellationToken Closed { get; }

    /// <summary>Lets the accept loops run; the sockets listen already.</summary>
    public void Open() => _opened.TrySetResult();

    /// <summary>Stops accepting at once; a Unix socket's file is gone afterwards. May be called more than once.</summary>
    public void Close()
    {
        _closed.Cancel();
        foreach (var socket in Sockets)
            socket.Dispose();
        _opened.TrySetResult();
    }

    public void Dispose() => Close();

    public override string ToString() => Name;
}

/// <summary>Where a listener is to listen, and which keys of the configuration say so.</summary>
/// <param name="Listener">The listener's name.</param>
/// <param name="Address">An IP address, "localhost" or "*".</param>
/// <param name="IsDefaultAddress">Whether <paramref name="Address"/> is <c>SocketSync:DefaultAddress</c>.</param>
/// <param name="Port">0 picks a free one.</param>
/// <param name="UnixSocket">A path, in place of address and port.</param>
internal sealed record ListenerBinding(string Listener, string Address, bool IsDefaultAddress, int Port, string? UnixSocket)
{
    public static ListenerBinding Of(string listener, ListenerOptions options, string defaultAddress) =>
        new(listener, options.Address ?? defaultAddress, options.Address is null, options.Port, options.UnixSocket);

    /// <summary>One line that says why this address cannot be had.</summary>
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
        UnixSocket is null ? $"{PortLine}: {Show(endPoint)} is already in use" : $"{UnixSocketLine}: is already in use";

    public string UnixSocketProblem(string words) => $"{UnixSocketLine}: {words}";

    public string AddressProblem(string words) => $"{AddressLine}: {words}";

    private string AddressLine => IsDefaultAddress
        ? $"SocketSync:DefaultAddress: '{Address}'"
        : $"SocketSync:Listeners:{Listener}:Address: '{Address}'";

    private string PortLine => $"SocketSync:Listeners:{Listener}:Port: '{Port}'";

    private string UnixSocketLine => $"SocketSync:Listeners:{Listener}:UnixSocket: '{UnixSocket}'";

    private string Show(EndPoint endPoint) =>
        Address is "*" && endPoint is IPEndPoint ip ? $"*:{ip.Port}" : endPoint.ToString()!;
}

/// <summary>The listeners of a host, bound together, opened together, closed together.</summary>
internal sealed class BoundListeners(IReadOnlyList<ListenerEndPoint> endPoints)
{
    // A burst of connects beyond it waits for retransmission, for seconds; net.core.somaxconn caps it.
    private const int Backlog = 4096;

    public IReadOnlyList<ListenerEndPoint> EndPoints { get; } = endPoints;

    /// <summary>Takes the addresses for good, all of them or none: clients can connect, and wait to be let in.</summary>
    /// <exception cref="ListenerBindException">Another program has begun to listen on the same address; all are closed.</exception>
    public void Listen()
    {
        List<string> problems = [];
        foreach (var endPoint in EndPoints)
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
            Close();
            throw new ListenerBindException(problems);
        }
    }

    /// <summary>Lets clients in.</summary>
    public void Open()
    {
        foreach (var endPoint in EndPoints)
            endPoint.Open();
    }

    /// <summary>Stops accepting at once, everywhere. May be called more than once, and before <see cref="Listen"/>.</summary>
    public void Close()
    {
        foreach (var endPoint in EndPoints)
            endPoint.Close();
    }
}

/// <summary>Addresses that cannot be had.</summary>
/// <param name="problems">One line for each: the key's full path, its value, and what is wrong.</param>
internal sealed class ListenerBindException(IReadOnlyList<string> problems)
    : Exception(string.Join(Environment.NewLine, problems))
{
    public IReadOnlyList<string> Problems { get; } = problems;
}
