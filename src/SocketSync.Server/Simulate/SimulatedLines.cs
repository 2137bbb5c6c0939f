using System.Buffers;
using System.Globalization;
using System.Text;

namespace SocketSync;

/// <summary>
/// A device that answers each line with its number and the line in capitals, so that one sees who was served when. A line ends with
/// CR, LF or both, as programs and terminals have it, and so does its reply.
/// </summary>
internal sealed class SimulatedLines : ISimulatedDevice, IProtocol
{
    private const int LongestLine = 65536;

    private static readonly byte[] Ends = "\r\n"u8.ToArray();

    private int _lines;

    public IProtocol Protocol => this;

    public bool FramesEndBySilence => false;

    public SimulatedReply Answer(in ReadOnlySequence<byte> request)
    {
        var text = Encoding.UTF8.GetString(request);
        var line = text[..^1];
        if (line.Length == 0) return SimulatedReply.Nothing; // the LF behind a CR
        var reply = string.Create(CultureInfo.InvariantCulture, $"{++_lines}: {line.ToUpperInvariant()}");
        return new(SimulatedReply.Quote(line), SimulatedReply.Quote(reply), Encoding.UTF8.GetBytes(reply + (text[^1] == '\r' ? "\r\n" : "\n")));
    }

    public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched)
    {
        var reader = new SequenceReader<byte>(buffer);
        reader.Advance(searched);
        if (reader.TryAdvanceToAny(Ends)) return FrameResult.Complete(reader.Consumed);
        return buffer.Length < LongestLine ? FrameResult.Incomplete : FrameResult.TooLarge;
    }

    /// <remarks>A device has no words for what a server does with its requests.</remarks>
    public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output) => false;
}
