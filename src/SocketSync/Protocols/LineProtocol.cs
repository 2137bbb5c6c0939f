using System.Buffers;

namespace SocketSync;

/// <summary>A request is the bytes up to and with the delimiter.</summary>
internal sealed class LineProtocol : IProtocol
{
    private readonly byte[] _delimiter;
    private readonly int _maxRequestBytes;
    private readonly ErrorLine _errors;

    public LineProtocol(ReadOnlySpan<byte> delimiter, int maxRequestBytes)
    {
        if (delimiter.IsEmpty) throw new ArgumentException("A line needs a delimiter of at least one byte.", nameof(delimiter));
        ArgumentOutOfRangeException.ThrowIfLessThan(maxRequestBytes, delimiter.Length);
        _delimiter = delimiter.ToArray();
        _maxRequestBytes = maxRequestBytes;
        _errors = new ErrorLine(delimiter);
    }

    public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched)
    {
        // A delimiter may have begun in what was searched, but cannot lie wholly in it.
        var overlap = _delimiter.Length - 1;
        var start = Math.Max(0, searched - overlap);
        // Only so far may the request reach, however much has come behind it.
        var end = Math.Min(buffer.Length, _maxRequestBytes);

        var first = buffer.FirstSpan;
        var firstEnd = (int)Math.Min(first.Length, end);
        if (start < firstEnd)
        {
            var found = first[(int)start..firstEnd].IndexOf(_delimiter);
            if (found >= 0) return FrameResult.Complete(start + found + _delimiter.Length);
            start = Math.Max(start, firstEnd - overlap);
        }

        if (firstEnd < end && start < end)
        {
            var rest = new SequenceReader<byte>(buffer.Slice(start, end - start));
            if (rest.TryReadTo(out ReadOnlySequence<byte> _, _delimiter, advancePastDelimiter: true))
                return FrameResult.Complete(start + rest.Consumed);
        }

        return end < _maxRequestBytes ? FrameResult.Incomplete : FrameResult.TooLarge;
    }

    public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output) =>
        _errors.TryWrite(outcome, output);
}
