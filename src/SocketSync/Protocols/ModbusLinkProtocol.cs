using System.Buffers;
using System.Buffers.Binary;

namespace SocketSync;

/// <summary>
/// Modbus clients of any framing, a Modbus device of any. A reply is known by all that the device's framing can tell; its client
/// gets the transaction id and the unit of its own request with it.
/// </summary>
/// <param name="clients">The framing of the clients.</param>
/// <param name="device">The framing of the device.</param>
/// <param name="maxReplyBytes">The largest reply in bytes, as the device sends it.</param>
/// <param name="units">The device's unit for a client's.</param>
/// <param name="transactions">The ids of the link, the same for the protocols of all its listeners.</param>
internal sealed class ModbusLinkProtocol(
    ModbusFraming clients, ModbusFraming device, int maxReplyBytes, ModbusUnits units, ModbusTransactions transactions) : ILinkProtocol
{
    public bool ExpectsReply(in ReadOnlySequence<byte> request) => !IsBroadcast(HeadOf(request));

    public bool IsRead(in ReadOnlySequence<byte> request) => ModbusPdu.IsRead(HeadOf(request).Function);

    public byte? UnitOf(in ReadOnlySequence<byte> request) =>
        HeadOf(request) is var head && !IsBroadcast(head) ? units.OnLink(head.Unit) : null;

    public ulong? ReadKeyOf(in ReadOnlySequence<byte> request)
    {
        if (request.Length > ModbusFraming.LongestRead) return null;
        var frame = ModbusPdu.Join(request, stackalloc byte[ModbusFraming.LongestRead]);
        var head = clients.Head(frame);
        if (!ModbusPdu.IsRead(head.Function) || IsBroadcast(head)) return null;
        var pdu = clients.Pdu(frame, stackalloc byte[ModbusPdu.ReadLength]);
        return pdu.Length == ModbusPdu.ReadLength
            ? ((ulong)units.OnLink(head.Unit) << 40) | ((ulong)head.Function << 32) | BinaryPrimitives.ReadUInt32BigEndian(pdu[1..])
            : null;
    }

    public bool IsException(in ReadOnlySequence<byte> reply) =>
        (device.Head(ModbusPdu.Join(reply, stackalloc byte[ModbusFraming.HeadBytes])).Function & ModbusPdu.ExceptionFlag) != 0;

    public void WriteRequest(in ReadOnlySequence<byte> request, IBufferWriter<byte> link)
    {
        var frame = ModbusPdu.Join(request, stackalloc byte[ModbusFraming.Longest]);
        var head = clients.Head(frame);
        var pdu = clients.Pdu(frame, stackalloc byte[ModbusPdu.Longest]);
        device.Write(transactions.Begin(head.Transaction), units.OnLink(head.Unit), pdu, link);
    }

    public ReplyResult FindReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent)
    {
        var head = HeadOf(request);
        var asked = new ModbusHead(transactions.Current, units.OnLink(head.Unit), head.Function);
        return device.FindReply(asked, buffer, searched, isSilent, maxReplyBytes);
    }

    /// <remarks>
    /// Only the right length, with the unit and the function in their places, makes a damaged reply a whole one. A few bytes are no
    /// reply at all: many adapters bring one or two when their direction changes.
    /// </remarks>
    public HeardReply Hear(in ReadOnlySequence<byte> request, ReadOnlySpan<byte> heard)
    {
        while (device.IntactReply(heard) is > 0 and var others)
            heard = heard[others..];
        if (heard.Length < device.FrameLength(ModbusPdu.ExceptionLength))
            return HeardReply.None;
        var frame = ModbusPdu.Join(request, stackalloc byte[ModbusFraming.Longest]);
        var asked = clients.Head(frame) with { Unit = units.OnLink(clients.Head(frame).Unit) };
        var answer = device.Head(heard);
        var length = (answer.Function & ModbusPdu.ExceptionFlag) != 0
            ? ModbusPdu.ExceptionLength
            : ModbusPdu.ReadReplyLength(clients.Pdu(frame, stackalloc byte[ModbusPdu.Longest]));
        return asked.IsAnsweredBy(answer.Unit, answer.Function) && heard.Length == device.FrameLength(length) ? HeardReply.DamagedWhole : HeardReply.Damaged;
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
