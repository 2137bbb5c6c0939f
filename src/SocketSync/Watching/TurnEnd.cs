namespace SocketSync;

/// <summary>A turn that is over.</summary>
/// <param name="Outcome">How it ended for its client.</param>
/// <param name="ArrivedAt">When its request asked for it (a timestamp, as the others).</param>
/// <param name="StartedAt">When it was granted.</param>
/// <param name="EndedAt">When its processor had left.</param>
/// <param name="RequestBytes">What the client sent.</param>
/// <param name="ReplyBytes">What the processor replied.</param>
internal readonly record struct TurnEnd(Outcome Outcome, long ArrivedAt, long StartedAt, long EndedAt, long RequestBytes, long ReplyBytes);
