using System.Buffers;

namespace SocketSync;

/// <summary>
/// A request is an RTU frame with the right CRC. Its function says how long it is; where it does not, the frame is the
/// shortest that its CRC makes one, since pauses, which tell it on a serial line, do not survive the way through a network.
/// </summary>
internal sealed class ModbusRtuProtocol : IProtocol
{
    private readonly int _maxRequestBytes;

    public ModbusRtuProtocol(int maxRequestBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRequestBytes, RtuFrame.Shortest);
        _maxRequestBytes = maxRequestBytes;
    }

    public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched)
    {
        var bytes = ModbusPdu.Join(buffer, stackalloc byte[RtuFrame.Longest]);
        var length = RtuFrame.RequestLength(bytes);
        if (length > _maxRequestBytes) return FrameResult.TooLarge;
        if (length > RtuFrame.Longest) return FrameResult.Malformed;
        if (length > bytes.Length) return FrameResult.Incomplete;
        if (length > 0) return RtuFrame.IsIntact(bytes[..length]) ? FrameResult.Complete(length) : FrameResult.Malformed;

        var allowed = bytes[..Math.Min(bytes.Length, _maxRequestBytes)];
        if (length == ModbusPdu.Unknown && RtuFrame.ShortestIntact(allowed) is > 0 and var found) return FrameResult.Complete(found);
        if (allowed.Length == _maxRequestBytes && _maxRequestBytes < RtuFrame.Longest) return FrameResult.TooLarge;
        return allowed.Length == RtuFrame.Longest ? FrameResult.Malformed : FrameResult.Incomplete;
    }

    /// <remarks>
    /// Nothing answers a broadcast: its client would take an exception for the reply to its next request. Closing, which is
    /// what <see langword="false"/> comes to, tells it that not every request of its was carried out.
    /// </remarks>
    public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output)
    {
        if (ModbusPdu.ExceptionCode(outcome) is not { } code || request.Length < RtuFrame.Shortest) return false;
        var frame = ModbusPdu.Join(request, stackalloc byte[2]);
        if (frame[0] == RtuFrame.Broadcast) return false;
        RtuFrame.Write(frame[0], [(byte)(frame[1] | ModbusPdu.ExceptionFlag), code], output);
        return true;
    }
}
