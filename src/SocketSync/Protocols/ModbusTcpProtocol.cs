using System.Buffers;

namespace SocketSync;

/// <summary>A request is an MBAP frame, whatever its function.</summary>
internal sealed class ModbusTcpProtocol : IProtocol
{
    private readonly int _maxRequestBytes;

    public ModbusTcpProtocol(int maxRequestBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRequestBytes, Mbap.Shortest);
        _maxRequestBytes = maxRequestBytes;
    }

    public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched) => Mbap.Find(buffer, _maxRequestBytes);

    public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output)
    {
        if (ModbusPdu.ExceptionCode(outcome) is not { } code || request.Length < Mbap.Shortest) return false;
        var frame = ModbusPdu.Join(request, stackalloc byte[Mbap.Shortest]);
        Mbap.Write(Mbap.Transaction(frame), Mbap.Unit(frame), [(byte)(Mbap.Pdu(frame)[0] | ModbusPdu.ExceptionFlag), code], output);
        return true;
    }
}
