using System.Buffers;

namespace SocketSync;

/// <summary>
/// Modbus clients of any framing, a Modbus device of any. A reply is known by all that the device's framing can tell; its client
/// gets the transaction id and the unit of its own request with it.
/// </summary>
internal sealed class ModbusLinkProtocol(ModbusFraming clients, ModbusFraming device, int maxReplyBytes, ModbusUnits units) : ILinkProtocol
{
    private readonly ModbusTransactions _transactions = new();

    public bool ExpectsReply(in ReadOnlySequence<byte> request) => !IsBroadcast(HeadOf(request));

    public bool IsRead(in ReadOnlySequence<byte> request) => ModbusPdu.IsRead(HeadOf(request).Function);

    public byte? UnitOf(in ReadOnlySequence<byte> request) =>
        HeadOf(request) is var head && !IsBroadcast(head) ? units.OnLink(head.Unit) : null;

    public void WriteRequest(in ReadOnlySequence<byte> request, IBufferWriter<byte> link)
    {
        var frame = ModbusPdu.Join(request, stackalloc byte[ModbusFraming.Longest]);
        var head = clients.Head(frame);
        var pdu = clients.Pdu(frame, stackalloc byte[ModbusPdu.Longest]);
        device.Write(_transactions.Begin(head.Transaction), units.OnLink(head.Unit), pdu, link);
    }

    public ReplyResult FindReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent)
    {
        var head = HeadOf(request);
        var asked = new ModbusHead(_transactions.Current, units.OnLink(head.Unit), head.Function);
        return device.FindReply(asked, buffer, searched, isSilent, maxReplyBytes);
    }

    public void WriteReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> reply, IBufferWriter<byte> client)
    {
        var head = HeadOf(request);
        var frame = ModbusPdu.Join(reply, stackalloc byte[ModbusFraming.Longest]);
        clients.Write(head.Transaction, head.Unit, device.Pdu(frame, stackalloc byte[ModbusPdu.Longest]), client);
    }

    private ModbusHead HeadOf(in ReadOnlySequence<byte> request) =>
        clients.Head(ModbusPdu.Join(request, stackalloc byte[ModbusFraming.HeadBytes]));

    /// <summary>
    /// Nothing answers on a serial line. A device on TCP may answer unit 0, but a client of a serial framing would take that for the
    /// reply to its next request: what comes is discarded as what nobody asked for.
    /// </summary>
    private bool IsBroadcast(in ModbusHead head) =>
        units.OnLink(head.Unit) == ModbusFraming.Broadcast
        && (device.IsOfSerialLine || (clients.IsOfSerialLine && head.Unit == ModbusFraming.Broadcast));
}

/// <summary>The unit that a client names, and the one that the device is asked for; the same where nothing is said.</summary>
internal sealed class ModbusUnits
{
    private readonly byte[] _units = new byte[byte.MaxValue + 1];

    /// <exception cref="ArgumentOutOfRangeException">A unit is not 0 to 255.</exception>
    public ModbusUnits(IReadOnlyDictionary<int, int> units)
    {
        for (var unit = 0; unit < _units.Length; unit++) _units[unit] = (byte)unit;
        foreach (var (client, device) in units)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)client, byte.MaxValue, nameof(units));
            ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)device, byte.MaxValue, nameof(units));
            _units[client] = (byte)device;
        }
    }

    public byte OnLink(byte unit) => _units[unit];
}

/// <summary>
/// How a message of Modbus, the unit and its PDU, stands in a stream: one way for TCP, two for serial lines. It keeps nothing
/// between calls, so that one instance serves clients and links alike.
/// </summary>
internal abstract class ModbusFraming
{
    /// <summary>The longest frame there is: one of ASCII, which writes each byte as two characters.</summary>
    public const int Longest = ModbusAscii.LongestFrame;

    /// <summary>So many bytes of a frame tell its head, in every framing.</summary>
    public const int HeadBytes = ModbusTcp.ShortestFrame;

    /// <summary>Reaches every unit of a serial line, and none answers ("MODBUS over Serial Line V1.02", 2.1).</summary>
    public const byte Broadcast = 0;

    /// <summary>The shortest frame in bytes.</summary>
    public abstract int Shortest { get; }

    /// <summary>Whether unit 0 is the broadcast. On TCP it is an address like any other: the end of the connection, which answers.</summary>
    public abstract bool IsOfSerialLine { get; }

    /// <inheritdoc cref="IProtocol.FindRequest"/>
    public abstract FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched, int maxRequestBytes);

    /// <summary>Looks for a reply as <see cref="ILinkProtocol.FindReply"/> does, to a request that was written to the device with this head.</summary>
    public abstract ReplyResult FindReply(
        in ModbusHead asked, in ReadOnlySequence<byte> buffer, long searched, bool isSilent, int maxReplyBytes);

    /// <summary>What stands at the start of a whole frame.</summary>
    /// <param name="frame">Its first <see cref="HeadBytes"/> bytes, or all, where it is shorter.</param>
    public abstract ModbusHead Head(ReadOnlySpan<byte> frame);

    /// <summary>The function and its data, of a whole frame.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="scratch">Where it is put if it does not stand in the frame as it is; <see cref="ModbusPdu.Longest"/> bytes.</param>
    public abstract ReadOnlySpan<byte> Pdu(ReadOnlySpan<byte> frame, Span<byte> scratch);

    /// <summary>Writes a frame.</summary>
    /// <param name="transaction">Its transaction id, for a framing that has one.</param>
    /// <param name="unit">The unit.</param>
    /// <param name="pdu">The function and its data, at most <see cref="ModbusPdu.Longest"/> bytes.</param>
    /// <param name="output">Where to write.</param>
    public abstract void Write(ushort transaction, byte unit, ReadOnlySpan<byte> pdu, IBufferWriter<byte> output);

    /// <summary>Defines the language that frames Modbus so.</summary>
    protected static ProtocolDefinition Define(string name, ModbusFraming framing) => new(name, ErrorReply.ModbusException)
    {
        Create = options => new ModbusProtocol(framing, options.MaxRequestBytes),
        CreateLink = setup => new ModbusLinkProtocol(framing, setup.Device.Modbus!, setup.MaxReplyBytes, new ModbusUnits(setup.Units)),
        Check = options => ProtocolProblem.OfTooSmall(options, framing.Shortest, "the shortest frame"),
        Modbus = framing,
    };
}

/// <summary>Whom a frame is for.</summary>
/// <param name="Transaction">The transaction id; 0 in a framing that has none.</param>
/// <param name="Unit">The unit.</param>
/// <param name="Function">The function.</param>
internal readonly record struct ModbusHead(ushort Transaction, byte Unit, byte Function)
{
    /// <summary>Whether a frame of this unit and function is the reply.</summary>
    public bool IsAnsweredBy(byte unit, byte function) => unit == Unit && ModbusPdu.Answers(function, Function);
}

/// <summary>What Modbus clients speak, in any framing: a request is a frame, an error is an exception.</summary>
internal sealed class ModbusProtocol : IProtocol
{
    private readonly ModbusFraming _framing;
    private readonly int _maxRequestBytes;

    public ModbusProtocol(ModbusFraming framing, int maxRequestBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRequestBytes, framing.Shortest);
        (_framing, _maxRequestBytes) = (framing, maxRequestBytes);
    }

    public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched) =>
        _framing.FindRequest(buffer, searched, _maxRequestBytes);

    /// <remarks>
    /// Nothing answers a broadcast: its client would take an exception for the reply to its next request. Closing, which is
    /// what <see langword="false"/> comes to, tells it that not all of its requests were carried out.
    /// </remarks>
    public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output)
    {
        if (ModbusPdu.ExceptionCode(outcome) is not { } code || request.Length < _framing.Shortest) return false;
        var head = _framing.Head(ModbusPdu.Join(request, stackalloc byte[ModbusFraming.HeadBytes]));
        if (_framing.IsOfSerialLine && head.Unit == ModbusFraming.Broadcast) return false;
        _framing.Write(head.Transaction, head.Unit, [(byte)(head.Function | ModbusPdu.ExceptionFlag), code], output);
        return true;
    }
}
