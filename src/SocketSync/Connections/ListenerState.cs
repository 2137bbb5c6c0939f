using System.Buffers;
using System.Collections.Concurrent;

namespace SocketSync;

/// <summary>A listener's settings, the resources that its clients reach, and its connections.</summary>
/// <param name="name">The listener's name.</param>
/// <param name="options">The listener's settings.</param>
/// <param name="protocol">The clients' protocol.</param>
/// <param name="routes">The ways to the resources; one unless <paramref name="units"/> are given.</param>
/// <param name="units">Chooses the route of a request by its Modbus unit.</param>
internal sealed class ListenerState(
    string name, ListenerOptions options, IProtocol protocol, IReadOnlyList<Route> routes, UnitRoutes? units = null) : IDisposable
{
    private readonly ConcurrentDictionary<string, AcceptedConnection> _connections = new(StringComparer.Ordinal);
    private long _accepted;
    private long _rejected;
    private int _datagrams;

    public string Name { get; } = name;

    public ListenerOptions Options { get; } = options;

    public IProtocol Protocol { get; } = protocol;

    /// <summary>How the serial line is set that clients of telnet may set otherwise; <see langword="null"/> for a listener without telnet.</summary>
    public SerialLinkOptions? Line { get; init; }

    /// <summary>The ways to the resources. What belongs to no request, such as bytes that are no frame, counts at the first.</summary>
    public IReadOnlyList<Route> Routes { get; } = routes;

    /// <summary>Chooses among <see cref="Routes"/>, if there is more than one way.</summary>
    public UnitRoutes? Units { get; } = units;

    public long Accepted => Interlocked.Read(ref _accepted);

    public long Rejected => Interlocked.Read(ref _rejected);

    /// <summary>How many connections are open, and datagrams in hand.</summary>
    public int ConnectionCount => _connections.Count + DatagramCount;

    /// <summary>How many datagrams have been received and not been answered yet.</summary>
    public int DatagramCount => Volatile.Read(ref _datagrams);

    public ICollection<AcceptedConnection> Connections => _connections.Values;

    /// <summary>The route of a whole request; <see langword="null"/> if it names a unit that has none.</summary>
    public Route? RouteOf(in ReadOnlySequence<byte> request) => Units is { } units ? units.Find(request) : Routes[0];

    public AcceptedConnection? Find(string id) => _connections.GetValueOrDefault(id);

    public void Reject() => Interlocked.Increment(ref _rejected);

    public void Accept() => Interlocked.Increment(ref _accepted);

    public void BeginDatagram() => Interlocked.Increment(ref _datagrams);

    public void EndDatagram() => Interlocked.Decrement(ref _datagrams);

    public void Add(AcceptedConnection connection) => _connections[connection.Id] = connection;

    // A forwarded client that is tried again may be here twice for a moment, under one id.
    public void Remove(AcceptedConnection connection) => _connections.TryRemove(KeyValuePair.Create(connection.Id, connection));

    /// <summary>How many requests ended so, at whichever resource.</summary>
    public long CountOf(Outcome outcome) => Routes.Sum(route => route.CountOf(outcome)) + (outcome == Outcome.Unavailable ? Units?.LostRequests ?? 0 : 0);

    public void Dispose() => Units?.Dispose();
}
