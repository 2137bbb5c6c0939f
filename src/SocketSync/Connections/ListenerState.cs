using System.Collections.Concurrent;

namespace SocketSync;

/// <summary>A listener's settings, its resource, and counters of its clients.</summary>
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

    /// <summary>Whether errors are reported in the protocol, if it can, or by closing the connection; may change at run time.</summary>
    public OnError OnError
    {
        get => _onError;
        set => _onError = value;
    }

    /// <summary>What to do with a waiting request whose client has ended its stream; may change at run time.</summary>
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

    /// <summary>Counts the outcome of a client's request, and logs it unless it is Ok or Abandoned.</summary>
    public void Count(Outcome outcome, Client client)
    {
        Interlocked.Increment(ref _outcomes[(int)outcome.AsCounted()]);
        if (ResourceLog.Tells(outcome))
            Resource.Log.Ended(outcome, client);
    }

    public long CountOf(Outcome outcome) => Interlocked.Read(ref _outcomes[(int)outcome]);
}
