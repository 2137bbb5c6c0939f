using System.Buffers;

namespace SocketSync;

/// <summary>
/// One whose requests take turns, as the resource sees it: it is told that its request waits, it is asked for the request when
/// the turn is its own, and it gets the reply. All calls for one request come one after the other.
/// </summary>
internal interface ITurnTaker
{
    /// <summary>Its place in line, then its turn.</summary>
    Turn Turn { get; }

    /// <summary>The request, before it stands in line, and in its turn for a processor that answers at once; valid until the outcome was told.</summary>
    ReadOnlySequence<byte> Request { get; }

    /// <summary>What such a processor has replied.</summary>
    ReadOnlySequence<byte> Reply { set; }

    /// <summary>The request is in line. Followed by exactly one <see cref="EndWait"/>.</summary>
    void BeginWait();

    /// <summary>The wait is over: granted, then this is called inside the turn; or refused.</summary>
    /// <returns><see langword="false"/>: it has gone, and its request is not to be processed.</returns>
    bool EndWait();

    /// <summary>The request, in its turn, for a processor that takes its time.</summary>
    RequestContext OpenContext();
}
