using System.Buffers;

namespace SocketSync;

/// <summary>Modbus TCP clients, a Modbus TCP device: a reply is known by transaction id, unit and function.</summary>
internal sealed class ModbusTcpLinkProtocol(int maxReplyBytes, ModbusUnits units) : ILinkProtocol
{
    private readonly ModbusTransactions _transactions = new();

    // Unit 0 is an address like any other here: the end of the connection, which answers.
    public bool ExpectsReply(in ReadOnlySequence<byte> request) => true;

    public bool IsRead(in ReadOnlySequence<byte> request) => ModbusPdu.IsRead(Function(request));

    public byte? UnitOf(in ReadOnlySequence<byte> request) =>
        units.OnLink(Mbap.Unit(ModbusPdu.Join(request, stackalloc byte[Mbap.Shortest])));

    public void WriteRequest(in ReadOnlySequence<byte> request, IBufferWriter<byte> link)
    {
        var frame = ModbusPdu.Join(request, stackalloc byte[Mbap.Longest]);
        Mbap.Write(_transactions.Begin(Mbap.Transaction(frame)), units.OnLink(Mbap.Unit(frame)), Mbap.Pdu(frame), link);
    }

    public ReplyResult FindReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent)
    {
        var found = Mbap.Find(buffer, maxReplyBytes);
        return found.Status == FrameStatus.Complete && !Answers(request, buffer)
            ? ReplyResult.Foreign(found.Length)
            : ReplyResult.Of(found);
    }

    public void WriteReply(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> reply, IBufferWriter<byte> client)
    {
        var asked = ModbusPdu.Join(request, stackalloc byte[Mbap.Shortest]);
        var answer = ModbusPdu.Join(reply, stackalloc byte[Mbap.Longest]);
        Mbap.Write(Mbap.Transaction(asked), Mbap.Unit(asked), Mbap.Pdu(answer), client);
    }

    private bool Answers(in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer)
    {
        var asked = ModbusPdu.Join(request, stackalloc byte[Mbap.Shortest]);
        var answer = ModbusPdu.Join(buffer, stackalloc byte[Mbap.Shortest]);
        return Mbap.Transaction(answer) == _transactions.Current
            && Mbap.Unit(answer) == units.OnLink(Mbap.Unit(asked))
            && ModbusPdu.Answers(Mbap.Pdu(answer)[0], Mbap.Pdu(asked)[0]);
    }

    private static byte Function(in ReadOnlySequence<byte> request) =>
        Mbap.Pdu(ModbusPdu.Join(request, stackalloc byte[Mbap.Shortest]))[0];
}
