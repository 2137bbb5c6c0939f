using System.Buffers;
using System.Text;

namespace SocketSync;

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
        Outcome.Malformed => "not a request of this protocol",
        Outcome.TooLarge => "longer than allowed",
        _ => null,
    };
}
