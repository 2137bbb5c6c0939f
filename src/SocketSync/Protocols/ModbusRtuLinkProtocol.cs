using System.Buffers;

namespace SocketSync;

/// <summary>Modbus RTU clients, a Modbus RTU device: a reply is known by unit, function and CRC.</summary>
internal sealed class ModbusRtuLinkProtocol(int maxReplyBytes, ModbusUnits units) : ILinkProtocol
{
    public bool ExpectsReply(in ReadOnlySequence<byte> request) => units.OnLink(Head(request).Unit) != RtuFrame.Broadcast;

    public bool IsRead(in ReadOnlySequence<byte> request) => ModbusPdu.IsRead(Head(request).Function);

    public byte? UnitOf(in ReadOnlySequence<byte> request) =>
        units.OnLink(Head(request).Unit) is var unit && unit != RtuFrame.Broadcast ? unit : null;

    public void WriteRequest(in ReadOnlySequence<byte> request, IBufferWriter<byte> link)
    {
        var frame = ModbusPdu.Join(request, stackalloc byte[RtuFrame.Longest]);
        RtuFrame.Write(units.OnLink(frame[0]), RtuFrame.Pdu(frame), link);
    }

    public ReplyResult FindReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent)
    {
        var (unit, function) = Head(request);
        return RtuReply.Find(units.OnLink(unit), function, buffer, maxReplyBytes, isSilent);
    }

    public void WriteReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> reply, IBufferWriter<byte> client)
    {
        var answer = ModbusPdu.Join(reply, stackalloc byte[RtuFrame.Longest]);
        RtuFrame.Write(Head(request).Unit, RtuFrame.Pdu(answer), client);
    }

    private static (byte Unit, byte Function) Head(in ReadOnlySequence<byte> request)
    {
        var head = ModbusPdu.Join(request, stackalloc byte[2]);
        return (head[0], head[1]);
    }
}
