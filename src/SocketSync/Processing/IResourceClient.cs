using System.Buffers;

namespace SocketSync;

/// <summary>
/// A client as the resource sees it: the resource notifies it when its request waits, gets the request from it during the turn, and
/// gives it the reply. The calls for one request are never concurrent.
/// </summary>
internal interface IResourceClient
{
    /// <summary>The client's turn object.</summary>
    Turn Turn { get; }

    /// <summary>
    /// The request: before it enters the queue, and during its turn for an immediate processor; also after a wait that ended without a
    /// turn. Valid until the outcome is reported.
    /// </summary>
    ReadOnlySequence<byte> Request { get; }

    /// <summary>What the client may ask for; <see langword="null"/> for the host's own code, which no rule is for.</summary>
    ClientAccess? Access { get; }

    /// <summary>Sets the reply of an immediate processor, or of the cache.</summary>
    ReadOnlySequence<byte> Reply { set; }

    /// <summary>Whether a request of the client may wait; one that may not is busy unless it gets its turn at once.</summary>
    bool MayWait => true;

    /// <summary>Notifies the client that its request is in the queue. Followed by exactly one <see cref="EndWait"/>.</summary>
    void BeginWait();

    /// <summary>Ends the wait: called inside the turn if it was granted, otherwise after the refusal.</summary>
    /// <returns><see langword="false"/> if the client is gone, and its request must not be processed.</returns>
    bool EndWait();

    /// <summary>Opens the context of the request, during its turn, for a processor that is not immediate.</summary>
    RequestContext OpenContext();
}
