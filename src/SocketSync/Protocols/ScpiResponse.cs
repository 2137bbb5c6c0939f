using System.Buffers;

namespace SocketSync;

/// <summary>
/// Finds the end of a response, IEEE 488.2 section 8: a line, but for its definite-length blocks (8.7.9), which are known
/// outside of strings (8.7.8) only. A block may hold the delimiter: were a screenshot cut at the first, its rest would be
/// taken for the next reply.
/// </summary>
/// <remarks>
/// One pass: what there is to know of the bytes passed is kept from call to call, so that each is looked at once however the
/// response comes, and those of a block not at all.
/// </remarks>
internal sealed class ScpiResponse
{
    private static readonly SearchValues<byte> OfHeaders =
        SearchValues.Create("*:_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private readonly byte[] _delimiter;
    private readonly SearchValues<byte> _marks;
    private readonly int _maxBytes;

    private long _seen;
    private long _position;
    private bool _isInString;
    private bool _isHeader;
    private bool _beginsElement;

    public ScpiResponse(ReadOnlySpan<byte> delimiter, int maxBytes)
    {
        _delimiter = delimiter.ToArray();
        _marks = SearchValues.Create([(byte)'"', (byte)'#', delimiter[0]]);
        _maxBytes = maxBytes;
    }

    /// <param name="buffer">What has come of the response so far.</param>
    /// <param name="searched">How many bytes of it the call before has seen in vain; 0 for another response.</param>
    public FrameResult Find(in ReadOnlySequence<byte> buffer, long searched)
    {
        if (searched == 0 || searched != _seen) Begin();
        _seen = buffer.Length;

        var isFound = _position < buffer.Length && Scan(buffer.Slice(_position));
        // The position may be the end of a block that has not come yet.
        if (_position > _maxBytes) return FrameResult.TooLarge;
        if (isFound) return FrameResult.Complete(_position);
        return buffer.Length < _maxBytes ? FrameResult.Incomplete : FrameResult.TooLarge;
    }

    private void Begin()
    {
        _position = 0;
        _isInString = false;
        _isHeader = _beginsElement = true;
    }

    /// <summary>Moves the position to the end of the response, or as far as can be told.</summary>
    private bool Scan(in ReadOnlySequence<byte> rest)
    {
        var reader = new SequenceReader<byte>(rest);
        var start = _position;
        while (PassText(ref reader))
        {
            _position = start + reader.Consumed;
            if (reader.IsNext(_delimiter, advancePast: true))
            {
                _position = start + reader.Consumed;
                return true;
            }

            if (MayBecomeDelimiter(ref reader)) return false;
            if (reader.IsNext((byte)'#') && !_isInString && _beginsElement)
            {
                var block = reader;
                block.Advance(1);
                var length = ScpiMessage.ReadBlockLength(ref block);
                if (length == ScpiMessage.NeedsMore) return false;
                if (length != ScpiMessage.NoBlock)
                {
                    _isHeader = _beginsElement = false;
                    _position = start + block.Consumed + length;
                    if (block.Remaining < length) return false;
                    reader = block;
                    reader.Advance(length);
                    continue;
                }
            }

            _isInString ^= reader.IsNext((byte)'"');
            Pass(reader.UnreadSpan[..1]);
            reader.Advance(1);
        }

        _position = start + reader.Consumed;
        return false;
    }

    /// <summary>Goes to the next byte that may mean something; <see langword="false"/>: there is none.</summary>
    private bool PassText(ref SequenceReader<byte> reader)
    {
        while (!reader.End)
        {
            var span = reader.UnreadSpan;
            var mark = span.IndexOfAny(_marks);
            var text = mark < 0 ? span : span[..mark];
            Pass(text);
            reader.Advance(text.Length);
            if (mark >= 0) return true;
        }

        return false;
    }

    /// <summary>
    /// An element begins with the response, behind a comma or a semicolon, and behind a header and its space. In free text
    /// ("Unit 5, Rack #14") a <c>#</c> means nothing.
    /// </summary>
    private void Pass(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty) return;
        _beginsElement = text[^1] is (byte)',' or (byte)';';
        if (!_isHeader || text.IndexOfAnyExcept(OfHeaders) is not (>= 0 and var end)) return;
        _isHeader = false;
        _beginsElement |= text[end] == ' ' && end == text.Length - 1;
    }

    private bool MayBecomeDelimiter(ref SequenceReader<byte> reader) =>
        reader.Remaining < _delimiter.Length && reader.IsNext(_delimiter.AsSpan(0, (int)reader.Remaining), advancePast: false);
}
