using System.Buffers;

namespace SocketSync;

/// <summary>
/// Modbus TCP clients, a Modbus RTU device. A reply is known by unit, function and CRC; its client gets the transaction id
/// and the unit of its own request with it. Unit 0 is the broadcast of the serial line: no unit answers, the client gets nothing.
/// </summary>
internal sealed class ModbusTcpToRtuLinkProtocol(int maxReplyBytes, ModbusUnits units) : ILinkProtocol
{
    public bool ExpectsReply(in ReadOnlySequence<byte> request) => Head(request).UnitOnLink != RtuFrame.Broadcast;

    public bool IsRead(in ReadOnlySequence<byte> request) => ModbusPdu.IsRead(Head(request).Function);

    public byte? UnitOf(in ReadOnlySequence<byte> request) =>
        Head(request).UnitOnLink is var unit && unit != RtuFrame.Broadcast ? unit : null;

    public void WriteRequest(in ReadOnlySequence<byte> request, IBufferWriter<byte> link)
    {
        var frame = ModbusPdu.Join(request, stackalloc byte[Mbap.Longest]);
        RtuFrame.Write(units.OnLink(Mbap.Unit(frame)), Mbap.Pdu(frame), link);
    }

    public ReplyResult FindReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent)
    {
        var (unit, function) = Head(request);
        return RtuReply.Find(unit, function, buffer, maxReplyBytes, isSilent);
    }

    public void WriteReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> reply, IBufferWriter<byte> client)
    {
        var asked = ModbusPdu.Join(request, stackalloc byte[Mbap.Shortest]);
        var answer = ModbusPdu.Join(reply, stackalloc byte[RtuFrame.Longest]);
        Mbap.Write(Mbap.Transaction(asked), Mbap.Unit(asked), RtuFrame.Pdu(answer), client);
    }

    private (byte UnitOnLink, byte Function) Head(in ReadOnlySequence<byte> request)
    {
        var frame = ModbusPdu.Join(request, stackalloc byte[Mbap.Shortest]);
        return (units.OnLink(Mbap.Unit(frame)), Mbap.Pdu(frame)[0]);
    }
}
