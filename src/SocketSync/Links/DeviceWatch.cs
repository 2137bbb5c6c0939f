namespace SocketSync;

/// <summary>
/// Passes what a device says on to those who watch it, at the moment it comes, asked for or not; to those who want both, also what is
/// said to it. A watcher that is slow is closed: nobody waits for one.
/// </summary>
/// <remarks>
/// Called by the threads that bring the device's bytes and write to it. Without watchers a call costs one read of a field. Under the
/// lock bytes are copied, and no foreign code runs.
/// </remarks>
internal sealed class DeviceWatch : IDisposable
{
    /// <summary>Held back at most, in each direction; a longer line is passed on in parts.</summary>
    public const int MaxHeld = 64 * 1024;

    /// <summary>Then the device has said all: a prompt has no line end, and is not to be waited for.</summary>
    public static readonly TimeSpan DeviceSilence = TimeSpan.FromSeconds(1);

    /// <summary>People stop and think within a line; a key that is no line is shown after this.</summary>
    public static readonly TimeSpan ClientSilence = TimeSpan.FromSeconds(10);

    private readonly Lock _sync = new();
    private readonly HeldLine _said;
    private readonly HeldLine _told;
    private readonly bool _isWholeByFlush;
    private readonly Deadline _saidDue;
    private readonly Deadline _toldDue;
    private WatcherFeed[] _watchers = [];
    private bool _isBothWatched;

    /// <param name="lineEnd">The last byte of a line of the device; <see langword="null"/> if it speaks in frames.</param>
    /// <param name="isTunnel">Whether clients write to the device as they type; else each flush holds a whole request.</param>
    /// <param name="time">Measures the silence after which the beginning of a line is passed on.</param>
    public DeviceWatch(byte? lineEnd, bool isTunnel, TimeProvider time)
    {
        _isWholeByFlush = !isTunnel;
        _said = new HeldLine(lineEnd is { } end ? [end] : []);
        _told = new HeldLine("\r\n"u8); // a terminal sends CR for Enter
        _saidDue = new Deadline(time, () => Release(_said));
        _toldDue = new Deadline(time, () => Release(_told));
    }

    /// <summary>Whether somebody wants what is said to the device.</summary>
    public bool IsBothWatched => Volatile.Read(ref _isBothWatched);

    public static DeviceWatch Of(ResourceOptions resource, TimeProvider time)
    {
        var device = resource.Link?.Protocol ?? resource.Protocol;
        var isText = device.Definition?.Commands is not null;
        byte? lineEnd = isText ? Delimiter.Of(device)[^1] : device.Name == RawProtocol.Definition.Name ? (byte)'\n' : null;
        return new DeviceWatch(lineEnd, resource.Processor == ProcessorNames.Tunnel, time);
    }

    public void Join(WatcherFeed watcher)
    {
        lock (_sync)
            Set([.. _watchers, watcher]);
    }

    public void Leave(WatcherFeed watcher)
    {
        lock (_sync)
            Set([.. _watchers.Where(other => other != watcher)]);
    }

    /// <summary>The device has sent these bytes.</summary>
    public void Said(ReadOnlySpan<byte> bytes)
    {
        if (Volatile.Read(ref _watchers).Length == 0)
            return;
        lock (_sync)
        {
            Pass(bytes, toBoth: false);
            if (!_isBothWatched)
                return;
            if (_said.EndsLines)
                Hold(_said, _saidDue, DeviceSilence, bytes);
            else
                Pass(bytes, toBoth: true);
        }
    }

    /// <summary>These bytes are written to the device.</summary>
    public void Told(ReadOnlySpan<byte> bytes)
    {
        if (!IsBothWatched)
            return;
        lock (_sync)
        {
            if (_isWholeByFlush)
                Pass(bytes, toBoth: true);
            else
                Hold(_told, _toldDue, ClientSilence, bytes);
        }
    }

    /// <summary>The link is closed: what was begun will not be continued.</summary>
    public void Ended()
    {
        Release(_said);
        Release(_told);
    }

    public void Dispose()
    {
        _saidDue.Dispose();
        _toldDue.Dispose();
    }

    private void Set(WatcherFeed[] watchers)
    {
        Volatile.Write(ref _isBothWatched, Array.Exists(watchers, watcher => watcher.WantsBoth));
        Volatile.Write(ref _watchers, watchers);
        if (_isBothWatched)
            return;
        _said.Clear();
        _told.Clear();
    }

    /// <summary>Passes whole lines on, and keeps the beginning of the next one until it is whole or its sender is silent.</summary>
    private void Hold(HeldLine line, Deadline due, TimeSpan silence, ReadOnlySpan<byte> bytes)
    {
        var end = line.FindEnd(bytes);
        if (end > 0)
        {
            Pass(line.Held, toBoth: true);
            line.Clear();
            Pass(bytes[..end], toBoth: true);
            bytes = bytes[end..];
        }

        if (!line.TryHold(bytes))
        {
            Pass(line.Held, toBoth: true);
            line.Clear();
            Pass(bytes, toBoth: true);
        }

        if (line.Held.IsEmpty)
            due.Clear();
        else
            due.Set(silence);
    }

    private void Release(HeldLine line)
    {
        lock (_sync)
        {
            Pass(line.Held, toBoth: true);
            line.Clear();
        }
    }

    private void Pass(ReadOnlySpan<byte> bytes, bool toBoth)
    {
        if (bytes.IsEmpty)
            return;
        foreach (var watcher in _watchers)
        {
            if (watcher.WantsBoth == toBoth)
                watcher.Add(bytes);
        }
    }

    /// <summary>The beginning of a line, in a buffer of a fixed size that is made when it is first needed.</summary>
    private sealed class HeldLine(ReadOnlySpan<byte> ends)
    {
        private readonly byte[] _ends = ends.ToArray();
        private byte[]? _buffer;
        private int _length;

        public bool EndsLines => _ends.Length > 0;

        public ReadOnlySpan<byte> Held => _buffer.AsSpan(0, _length);

        /// <returns>How many bytes are up to and with the last line end; 0 if there is none.</returns>
        public int FindEnd(ReadOnlySpan<byte> bytes) => bytes.LastIndexOfAny(_ends) + 1;

        public bool TryHold(ReadOnlySpan<byte> bytes)
        {
            if (bytes.Length > MaxHeld - _length)
                return false;
            if (bytes.IsEmpty)
                return true;
            bytes.CopyTo((_buffer ??= new byte[MaxHeld]).AsSpan(_length));
            _length += bytes.Length;
            return true;
        }

        public void Clear() => _length = 0;
    }
}
