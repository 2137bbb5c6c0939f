namespace SocketSync;

/// <summary>The latest good reply of the device to each read, the oldest dropped first.</summary>
/// <remarks>Not thread-safe: guarded by the lock of its <see cref="ReadCache"/>.</remarks>
internal sealed class KeptReplies
{
    /// <summary>A Modbus frame has at most <see cref="ModbusFraming.Longest"/> bytes, so that they come to two megabytes at most.</summary>
    public const int Most = 4096;

    private readonly Dictionary<byte, Dictionary<ulong, LinkedListNode<KeptReply>>> _units = [];
    private readonly LinkedList<KeptReply> _byAge = new();

    public int Count => _byAge.Count;

    /// <summary>Keeps a reply in place of an earlier one to the same read.</summary>
    /// <param name="reply">The reply; read no earlier than any other that is kept.</param>
    /// <param name="expired">Replies that were read before this time (a timestamp) are of no use any more.</param>
    public void Set(KeptReply reply, long expired)
    {
        if (!_units.TryGetValue(ILinkProtocol.UnitOfKey(reply.Key), out var unit))
            _units.Add(ILinkProtocol.UnitOfKey(reply.Key), unit = []);
        if (unit.TryGetValue(reply.Key, out var earlier))
            _byAge.Remove(earlier);
        unit[reply.Key] = _byAge.AddLast(reply);
        while (_byAge.First is { } oldest && (_byAge.Count > Most || oldest.Value.ReadAt < expired))
            Drop(oldest);
    }

    /// <summary>Gets the reply to a read, if it was read at this time (a timestamp) or later.</summary>
    public byte[]? Find(ulong key, long since) =>
        _units.TryGetValue(ILinkProtocol.UnitOfKey(key), out var unit) && unit.TryGetValue(key, out var found) && found.Value.ReadAt >= since ? found.Value.Frame : null;

    /// <summary>Drops all replies of a unit.</summary>
    public void Drop(byte unit)
    {
        if (!_units.Remove(unit, out var replies))
            return;
        foreach (var reply in replies.Values)
            _byAge.Remove(reply);
    }

    public void Clear()
    {
        _units.Clear();
        _byAge.Clear();
    }

    private void Drop(LinkedListNode<KeptReply> reply)
    {
        _byAge.Remove(reply);
        _units[ILinkProtocol.UnitOfKey(reply.Value.Key)].Remove(reply.Value.Key);
    }
}

/// <summary>A reply that is kept.</summary>
/// <param name="Key">What it answers (<see cref="ILinkProtocol.ReadKeyOf"/>).</param>
/// <param name="Frame">The frame as the device sent it; never changed.</param>
/// <param name="ReadAt">When its request was written to the device (a timestamp), so that no value is older than it says.</param>
internal readonly record struct KeptReply(ulong Key, byte[] Frame, long ReadAt);
