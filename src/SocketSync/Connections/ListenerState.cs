using System.Collections.Concurrent;

namespace SocketSync;

/// <summary>Where clients connect: its settings, its resource, and what is counted of its clients.</summary>
internal sealed class ListenerState(string name, ListenerOptions options, SharedResource resource, IProtocol protocol, OnError onError)
{
    private readonly long[] _outcomes = new long[OutcomeNames.Count];
    private readonly ConcurrentDictionary<string, AcceptedConnection> _connections = new(StringComparer.Ordinal);
    private volatile OnError _onError = onError;
    private volatile EndOfStream _endOfStream = EndOfStream.Answer;
    private long _accepted;
    private long _rejected;

    public string Name { get; } = name;

    public ListenerOptions Options { get; } = options;

    public SharedResource Resource { get; } = resource;

    public IProtocol Protocol { get; } = protocol;

    /// <summary>What is done where the protocol could tell an error; may change while it runs.</summary>
    public OnError OnError
    {
        get => _onError;
        set => _onError = value;
    }

    /// <summary>What becomes of a waiting request whose client has ended its stream; may change while it runs.</summary>
    public EndOfStream EndOfStream
    {
        get => _endOfStream;
        set => _endOfStream = value;
    }

    public long Accepted => Interlocked.Read(ref _accepted);

    public long Rejected => Interlocked.Read(ref _rejected);

    public int ConnectionCount => _connections.Count;

    public ICollection<AcceptedConnection> Connections => _connections.Values;

    public AcceptedConnection? Find(string id) => _connections.GetValueOrDefault(id);

    public void Reject() => Interlocked.Increment(ref _rejected);

    public void Accept() => Interlocked.Increment(ref _accepted);

    public void Add(AcceptedConnection connection) => _connections[connection.Id] = connection;

    public void Remove(AcceptedConnection connection) => _connections.TryRemove(connection.Id, out _);

    /// <summary>A request of this client has ended so.</summary>
    public void Count(Outcome outcome, Client client)
    {
        Interlocked.Increment(ref _outcomes[(int)outcome]);
        if (ResourceLog.Tells(outcome))
            Resource.Log.Ended(outcome, client);
    }

    public long CountOf(Outcome outcome) => Interlocked.Read(ref _outcomes[(int)outcome]);
}
