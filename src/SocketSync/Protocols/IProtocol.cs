using System.Buffers;

namespace SocketSync;

/// <summary>
/// Where a request ends, and how a language says that something went wrong. A pure function of bytes: no sockets, no
/// clock, no state between calls, so that one instance serves every connection and can be tested at every split point.
/// </summary>
public interface IProtocol
{
    /// <summary>Looks for one whole request at the start of <paramref name="buffer"/>.</summary>
    /// <param name="buffer">What has come so far and was not consumed; never empty.</param>
    /// <param name="searched">
    /// How many bytes of the same request an earlier call has seen in vain (0 for a new one), so that a request which
    /// comes byte by byte is not searched from its start each time.
    /// </param>
    /// <returns>
    /// Never <see cref="FrameStatus.Incomplete"/> once <paramref name="buffer"/> holds <c>MaxRequestBytes</c>, so that a
    /// caller that waits for more is bounded by it. How the bytes are divided into segments changes nothing.
    /// </returns>
    FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched);

    /// <summary>Writes what tells the client of <paramref name="outcome"/>.</summary>
    /// <param name="outcome">Any but <see cref="Outcome.Ok"/>, <see cref="Outcome.Cached"/> and <see cref="Outcome.Abandoned"/>.</param>
    /// <param name="request">The request concerned; what there is of it when it is malformed or too large; empty when no request is.</param>
    /// <param name="output">Where to write.</param>
    /// <returns><see langword="false"/>: this language has no word for it, nothing was written; only closing tells.</returns>
    bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output);
}

/// <summary>What <see cref="IProtocol.FindRequest"/> found.</summary>
public enum FrameStatus
{
    /// <summary>No whole request yet: more bytes are needed.</summary>
    Incomplete,

    /// <summary>A whole request of <see cref="FrameResult.Length"/> bytes.</summary>
    Complete,

    /// <summary>These bytes do not begin a request of this language.</summary>
    Malformed,

    /// <summary>The request is, or announces itself to be, larger than allowed.</summary>
    TooLarge,
}

/// <summary>The answer of <see cref="IProtocol.FindRequest"/>.</summary>
/// <param name="Status">What was found.</param>
/// <param name="Length">The length of the request in bytes, delimiter or header included, at least 1; 0 unless complete.</param>
public readonly record struct FrameResult(FrameStatus Status, long Length)
{
    /// <summary>More bytes are needed.</summary>
    public static FrameResult Incomplete => default;

    /// <summary>These bytes do not begin a request.</summary>
    public static FrameResult Malformed => new(FrameStatus.Malformed, 0);

    /// <summary>The request is larger than allowed.</summary>
    public static FrameResult TooLarge => new(FrameStatus.TooLarge, 0);

    /// <summary>A whole request.</summary>
    /// <param name="length">Its length in bytes, delimiter or header included.</param>
    public static FrameResult Complete(long length) => new(FrameStatus.Complete, length);
}
