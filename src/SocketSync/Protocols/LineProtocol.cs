using System.Buffers;
using System.Text;

namespace SocketSync;

public sealed partial record ProtocolOptions
{
    /// <summary>Line and Scpi: what ends a request, with escapes \r \n \t \0 \xNN; "\n" when not given.</summary>
    [Escaped]
    public string? Delimiter { get; init; }
}

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

    public static ProtocolDefinition Definition { get; } = Define("Line", FramedLinkProtocol.By(Make));

    /// <summary>Defines a language whose requests are lines.</summary>
    public static ProtocolDefinition Define(string name, Func<LinkProtocolSetup, ILinkProtocol> createLink) => new(name, ErrorReply.Line)
    {
        Settings = [nameof(ProtocolOptions.Delimiter)],
        Create = Make,
        CreateLink = createLink,
        Check = static options => ProtocolProblem.OfTooSmall(options, Delimiter.Of(options).Length, "the delimiter"),
        Framing = static options => Convert.ToHexString(Delimiter.Of(options)),
        SmallestReply = static options => Delimiter.Of(options).Length,
        Envelope = static _ => ([], Delimiter.Of(new())),
        Commands = static options => new CommandLanguage(Delimiter.Of(options), isScpi: false),
    };

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

    private static LineProtocol Make(ProtocolOptions options) => new(Delimiter.Of(options), options.MaxRequestBytes);
}

/// <summary>The lines <c>ERROR code words</c>, made once for a delimiter, so that a flood of refusals allocates nothing.</summary>
internal sealed class ErrorLine
{
    private readonly byte[]?[] _lines = new byte[]?[OutcomeNames.Count];

    public ErrorLine(ReadOnlySpan<byte> delimiter)
    {
        foreach (var outcome in Enum.GetValues<Outcome>())
        {
            if (Words(outcome) is { } words)
                _lines[(int)outcome] = [.. Encoding.ASCII.GetBytes($"ERROR {outcome.Code()} {words}"), .. delimiter];
        }
    }

    /// <returns><see langword="false"/>: the outcome is no error, nothing was written.</returns>
    public bool TryWrite(Outcome outcome, IBufferWriter<byte> output)
    {
        if (_lines[(int)outcome] is not { } line) return false;
        output.Write(line);
        return true;
    }

    // Letters and spaces only: a delimiter that is some other character must not end the line early.
    private static string? Words(Outcome outcome) => outcome switch
    {
        Outcome.Busy => "in use by others and not processed",
        Outcome.Timeout => "took longer than allowed",
        Outcome.Unavailable => "cannot be served now",
        Outcome.Failed => "went wrong while being processed",
        Outcome.Denied or Outcome.DeniedAddress => "not allowed to this client",
        Outcome.Malformed => "not a request of this protocol",
        Outcome.TooLarge => "longer than allowed",
        _ => null,
    };
}
