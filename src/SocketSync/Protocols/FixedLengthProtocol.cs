using System.Buffers;
using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace SocketSync;

public sealed partial record ProtocolOptions
{
    /// <summary>FixedLength: the length of every request in bytes.</summary>
    [Range(1, LargestRequestBytes)]
    public int? Length { get; init; }
}

/// <summary>Every request has the same length.</summary>
internal sealed class FixedLengthProtocol : IProtocol
{
    private readonly int _length;

    public FixedLengthProtocol(int length, int maxRequestBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, maxRequestBytes);
        _length = length;
    }

    public static ProtocolDefinition Definition { get; } = new("FixedLength", ErrorReply.Closing)
    {
        Settings = [nameof(ProtocolOptions.Length)],
        Create = Make,
        CreateLink = FramedLinkProtocol.By(Make),
        Check = FindProblem,
        Framing = static options => options.Length,
        SmallestReply = static options => options.Length ?? 1,
    };

    public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched) =>
        buffer.Length < _length ? FrameResult.Incomplete : FrameResult.Complete(_length);

    public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output) => false;

    private static FixedLengthProtocol Make(ProtocolOptions options) =>
        new(options.Length ?? throw new ArgumentException("FixedLength needs a Length.", nameof(options)), options.MaxRequestBytes);

    private static IEnumerable<ProtocolProblem> FindProblem(ProtocolOptions options)
    {
        if (options.Length is not { } length)
            yield return new(nameof(options.Length), null, "must be given with FixedLength: the length of every request in bytes");
        else if (length > options.MaxRequestBytes)
            yield return new(nameof(options.Length), length, string.Create(CultureInfo.InvariantCulture, $"must be at most MaxRequestBytes, which is {options.MaxRequestBytes}"));
    }
}
