namespace SocketSync;

/// <summary>
/// The transaction ids on a link. Each client counts on its own, many use one id for ever: were theirs sent on as they are,
/// a device that answers twice would answer the next client. So an id that was used lately gives way to another.
/// </summary>
internal sealed class ModbusTransactions
{
    private const int Remembered = 256;
    private const int None = -1;

    private readonly int[] _used = new int[Remembered];
    private int _next;
    private ushort _own = 0x7FFF; // clients begin to count at the other end

    public ModbusTransactions() => Array.Fill(_used, None);

    /// <summary>The id of the request that was written last.</summary>
    public ushort Current { get; private set; }

    /// <summary>Begins a transaction, under the id that the client gave it wherever possible.</summary>
    public ushort Begin(ushort wanted)
    {
        var id = wanted;
        while (_used.AsSpan().Contains(id)) id = ++_own;
        _used[_next] = id;
        _next = (_next + 1) % Remembered;
        return Current = id;
    }
}
