using System.Buffers;

namespace SocketSync;

/// <summary>
/// How a message of Modbus, the unit and its PDU, stands in a stream: one way for TCP, two for serial lines. It keeps nothing
/// between calls, so that one instance serves clients and links alike.
/// </summary>
internal abstract class ModbusFraming
{
    /// <summary>The longest frame there is: one of ASCII, which writes each byte as two characters.</summary>
    public const int Longest = ModbusAscii.LongestFrame;

    /// <summary>The longest frame of a request to read, again one of ASCII.</summary>
    public const int LongestRead = ModbusAscii.LongestReadFrame;

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

    /// <summary>How long a frame is.</summary>
    /// <param name="pdu">The length of the function and its data.</param>
    public abstract int FrameLength(int pdu);

    /// <summary>The length of the intact frame of any reply at the start of <paramref name="bytes"/>; 0 if there is none.</summary>
    public abstract int IntactReply(ReadOnlySpan<byte> bytes);

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
        CreateLink = setup => new ModbusLinkProtocol(framing, setup.Device.Modbus!, setup.MaxReplyBytes, new ModbusUnits(setup.Units), setup.Transactions),
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
