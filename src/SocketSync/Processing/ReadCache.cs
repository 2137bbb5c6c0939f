using System.Buffers;
using System.Collections.Frozen;

namespace SocketSync;

/// <summary>
/// Answers reads of a Modbus device by earlier replies: at once by one that is young enough, or, while a read waits in line, by the
/// reply that another one's turn has brought.
/// </summary>
/// <remarks>
/// <para>Whoever asks after a write to the same unit has arrived gets no reply from before that write. Two rules see to it, with all
/// arrivals in one order. A reply is given only to a read that arrived before every write to the unit that is not over
/// (<see cref="OutstandingWrites"/>). And right before a write goes to the device, the unit's replies are thrown away
/// (<see cref="Forget"/>); none is kept again before its turn is over, for replies are kept in turns only.</para>
/// <para>Thread-safe. The lock comes before the gate's: the gate calls nobody under its own.</para>
/// </remarks>
internal sealed class ReadCache
{
    private readonly FrozenDictionary<string, ILinkProtocol> _protocols;
    private readonly TimeProvider _time;
    private readonly Lock _sync = new();
    private readonly KeptReplies _kept = new();
    private readonly OutstandingWrites _writes = new();
    private readonly Dictionary<ulong, LinkedList<CacheTicket>> _waiting = [];
    private volatile CacheOptions _options;
    private long _maxAge; // in ticks of the clock
    private long _arrivals;

    /// <summary>When the cache was turned on, as long as a write that was not registered may be under way (a timestamp).</summary>
    private long? _turnedOnAt;

    /// <param name="protocols">How the clients of each listener and the device are understood.</param>
    /// <param name="options">For how long replies are kept.</param>
    /// <param name="time">Measures the age of replies.</param>
    public ReadCache(IReadOnlyDictionary<string, ILinkProtocol> protocols, CacheOptions options, TimeProvider time)
    {
        _protocols = protocols.ToFrozenDictionary(StringComparer.Ordinal); // named by one and the same configuration
        _options = options;
        _maxAge = time.ToTimestampTicks(options.MaxAge);
        _time = time;
    }

    /// <summary>Whether anything is kept at all; if not, no other member need be called.</summary>
    public bool IsOn => _options.MaxAge > TimeSpan.Zero;

    public CacheOptions Options
    {
        get => _options;
        set
        {
            lock (_sync)
            {
                var wasOn = IsOn;
                _options = value;
                _maxAge = _time.ToTimestampTicks(value.MaxAge);
                if (!IsOn)
                    _kept.Clear();
                else if (!wasOn)
                    _turnedOnAt = _time.GetTimestamp();
            }
        }
    }

    /// <summary>A request has arrived, and has not asked for its turn yet.</summary>
    /// <param name="turn">The client's turn object.</param>
    /// <param name="request">The request.</param>
    /// <param name="reply">What answers it, if there is a reply that may; the request is over then.</param>
    /// <returns>The request's ticket, unless it is answered. <see cref="Leave"/> must follow.</returns>
    public CacheTicket? Arrive(Turn turn, in ReadOnlySequence<byte> request, out CachedReply reply)
    {
        var protocol = _protocols[turn.Client.Listener];
        var key = protocol.ReadKeyOf(request);
        var unit = key is null ? protocol.UnitOf(request) : null;
        lock (_sync)
        {
            var arrival = ++_arrivals;
            if (key is { } read)
            {
                var frame = FindFor(read, arrival);
                reply = new CachedReply(protocol, frame);
                return frame is null ? new CacheTicket(turn, protocol, key, arrival) : null;
            }

            reply = default;
            return new CacheTicket(turn, protocol, key, arrival) { Write = _writes.Add(unit, arrival) };
        }
    }

    /// <summary>A read waits for its turn: from now on until <see cref="Leave"/> the reply to an equal one ends its wait.</summary>
    public void Join(CacheTicket ticket, TurnGate gate)
    {
        if (ticket.Key is not { } key)
            return;
        lock (_sync)
        {
            // It may have been kept since the request arrived.
            if (FindFor(key, ticket.Arrival) is { } frame && TryShare(ticket, frame, gate))
                return;
            if (!_waiting.TryGetValue(key, out var waiting))
                _waiting.Add(key, waiting = new());
            ticket.Place = waiting.AddLast(ticket);
        }
    }

    /// <summary>The request is over. Its client may ask the next one only after this.</summary>
    /// <returns>The reply that has ended its wait, if one has.</returns>
    public CachedReply Leave(CacheTicket ticket)
    {
        lock (_sync)
        {
            if (ticket.Write is { } write)
                _writes.Remove(write);
            Unregister(ticket);
            return new CachedReply(ticket.Protocol, ticket.Frame);
        }
    }

    /// <summary>In its turn, a read was answered: keeps the reply, and answers those by it who wait for the same.</summary>
    /// <param name="reply">The device's reply, not an exception.</param>
    /// <param name="gate">The gate of the resource.</param>
    public void Keep(KeptReply reply, TurnGate gate)
    {
        lock (_sync)
        {
            if (!IsOn || !KnowsAllWrites(gate))
                return;
            _kept.Set(reply, expired: Since(_options.MaxAge + _options.StaleFor));
            if (!_waiting.TryGetValue(reply.Key, out var waiting))
                return;
            var firstWrite = _writes.First(ILinkProtocol.UnitOfKey(reply.Key));
            for (LinkedListNode<CacheTicket>? place = waiting.First, next; place is not null; place = next)
            {
                next = place.Next;
                if (place.Value.Arrival < firstWrite && TryShare(place.Value, reply.Frame, gate))
                    Unregister(place.Value);
            }
        }
    }

    /// <summary>In its turn, a request that is no such read is about to be written: throws the replies of its unit away.</summary>
    /// <param name="unit">The unit; <see langword="null"/> for the broadcast.</param>
    public void Forget(byte? unit)
    {
        lock (_sync)
        {
            if (OutstandingWrites.ReachesAll(unit))
                _kept.Clear();
            else
                _kept.Drop(unit!.Value);
        }
    }

    /// <summary>In its turn, a read was not answered, since the device is away: gets the reply that stands in, if there is one.</summary>
    public byte[]? FindStale(ulong key)
    {
        lock (_sync)
        {
            return _options.StaleFor > TimeSpan.Zero && _writes.First(ILinkProtocol.UnitOfKey(key)) == OutstandingWrites.None
                ? _kept.Find(key, Since(_options.MaxAge + _options.StaleFor))
                : null;
        }
    }

    private byte[]? FindFor(ulong key, long arrival) =>
        arrival < _writes.First(ILinkProtocol.UnitOfKey(key)) ? _kept.Find(key, _time.GetTimestamp() - _maxAge) : null;

    private long Since(TimeSpan age) => _time.GetTimestamp() - _time.ToTimestampTicks(age);

    /// <summary>The client that continues finds the frame in <see cref="Leave"/>, which waits for the lock.</summary>
    private static bool TryShare(CacheTicket ticket, byte[] frame, TurnGate gate)
    {
        if (!gate.TryDismiss(ticket.Turn, Outcome.Cached))
            return false;
        ticket.Frame = frame;
        return true;
    }

    private void Unregister(CacheTicket ticket)
    {
        if (ticket.Place is not { List: { } waiting } place)
            return;
        waiting.Remove(place);
        if (waiting.Count == 0)
            _waiting.Remove(ticket.Key!.Value);
    }

    /// <summary>Whether no request waits any more that came while the cache was off: it may be a write.</summary>
    private bool KnowsAllWrites(TurnGate gate)
    {
        if (_turnedOnAt is { } then && !gate.HasWaiterFrom(then))
            _turnedOnAt = null;
        return _turnedOnAt is null;
    }
}

/// <summary>An earlier reply of the device, and how the client that gets it is understood.</summary>
/// <param name="Protocol">The protocol of the client's listener.</param>
/// <param name="Frame">The frame as the device sent it; <see langword="null"/> if there is no reply.</param>
internal readonly record struct CachedReply(ILinkProtocol Protocol, byte[]? Frame)
{
    /// <summary>Writes what the client gets for it.</summary>
    public void Write(in ReadOnlySequence<byte> request, IBufferWriter<byte> output) => Protocol.WriteReply(request, new(Frame!), output);
}

/// <summary>A request that is under way.</summary>
/// <param name="turn">The client's turn object.</param>
/// <param name="protocol">How its client is understood.</param>
/// <param name="key">What it reads (<see cref="ILinkProtocol.ReadKeyOf"/>); <see langword="null"/> if it may write.</param>
/// <param name="arrival">Its place in the order of arrival.</param>
internal sealed class CacheTicket(Turn turn, ILinkProtocol protocol, ulong? key, long arrival)
{
    public Turn Turn => turn;

    public ILinkProtocol Protocol => protocol;

    public ulong? Key => key;

    public long Arrival => arrival;

    /// <summary>Among the writes that are not over.</summary>
    internal LinkedListNode<long>? Write { get; init; }

    /// <summary>Among those who wait for the same.</summary>
    internal LinkedListNode<CacheTicket>? Place { get; set; }

    /// <summary>The reply that has ended the wait.</summary>
    internal byte[]? Frame { get; set; }
}

/// <summary>The writes that have arrived and are not over, by unit, as numbers in the order of arrival.</summary>
internal sealed class OutstandingWrites
{
    /// <summary>The number of a write that never comes.</summary>
    public const long None = long.MaxValue;

    private const int AllUnits = byte.MaxValue + 1;

    private readonly Dictionary<int, LinkedList<long>> _units = [];
    private int _count;

    /// <summary>
    /// Whether a write reaches all units: the broadcast does, and unit 0 of a device on TCP may be a gateway that makes it one.
    /// </summary>
    public static bool ReachesAll(byte? unit) => unit is null or ModbusFraming.Broadcast;

    /// <param name="unit">The unit; <see langword="null"/> for the broadcast.</param>
    /// <param name="arrival">Larger than any before.</param>
    public LinkedListNode<long> Add(byte? unit, long arrival)
    {
        var reached = ReachesAll(unit) ? AllUnits : unit!.Value;
        if (!_units.TryGetValue(reached, out var writes))
            _units.Add(reached, writes = new());
        _count++;
        return writes.AddLast(arrival);
    }

    public void Remove(LinkedListNode<long> write)
    {
        write.List!.Remove(write);
        _count--;
    }

    /// <summary>The first write that reaches the unit, or <see cref="None"/>.</summary>
    public long First(byte unit) => _count == 0 ? None : Math.Min(FirstTo(unit), FirstTo(AllUnits));

    private long FirstTo(int reached) => _units.TryGetValue(reached, out var writes) && writes.First is { } first ? first.Value : None;
}
