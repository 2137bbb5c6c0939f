namespace SocketSync;

/// <summary>One finished turn. A lease brings one for each of its requests.</summary>
/// <param name="Resource">The resource's name.</param>
/// <param name="ConnectionId">Whose turn it was.</param>
/// <param name="RemoteEndPoint">Where that client is.</param>
/// <param name="QueuedAt">When the request was complete and asked for its turn.</param>
/// <param name="StartedAt">When it was granted; the same as <paramref name="QueuedAt"/> where nobody was before it.</param>
/// <param name="EndedAt">When the resource was free again: for a processor that outstays its time, when it has really left.</param>
/// <param name="Outcome">How it ended for the client.</param>
/// <param name="RequestBytes">What the client sent, with what it sent during the turn.</param>
/// <param name="ReplyBytes">What the processor replied, with what it sent during the turn; an error line does not count.</param>
internal readonly record struct TurnEvent(
    string Resource,
    string ConnectionId,
    string? RemoteEndPoint,
    DateTimeOffset QueuedAt,
    DateTimeOffset StartedAt,
    DateTimeOffset EndedAt,
    Outcome Outcome,
    long RequestBytes,
    long ReplyBytes);
