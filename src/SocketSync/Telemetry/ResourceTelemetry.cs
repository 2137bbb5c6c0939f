using System.Buffers;

namespace SocketSync;

/// <summary>
/// Tells of one resource's requests to those who watch. While nobody does, each question here costs one read of a field,
/// and no more is to be done: a request pays for no clock and no allocation.
/// </summary>
internal sealed class ResourceTelemetry(string resource, TurnFeed turns, TimeProvider time)
{
    /// <summary>The bytes of this resource's requests and replies.</summary>
    public EventFeed<TraceEntry> Trace { get; } = new();

    public bool IsTraced => Trace.HasReaders;

    public bool IsRead => turns.HasReaders;

    public void TurnEnded(Client client, in TurnEnd end)
    {
        // From one look at both clocks, so that the three times keep their distances.
        var (now, timestamp) = (time.GetUtcNow(), time.GetTimestamp());
        turns.Publish(new TurnEvent(
            resource,
            client.Id,
            client.RemoteText,
            At(end.ArrivedAt),
            At(end.StartedAt),
            At(end.EndedAt),
            end.Outcome,
            end.RequestBytes,
            end.ReplyBytes));

        DateTimeOffset At(long then) => now - time.GetElapsedTime(then, timestamp);
    }

    public void Requested(Client client, in ReadOnlySequence<byte> bytes) => Note(TraceEntry.Request, client, bytes);

    public void Replied(Client client, in ReadOnlySequence<byte> bytes)
    {
        if (!bytes.IsEmpty)
            Note(TraceEntry.Reply, client, bytes);
    }

    private void Note(string direction, Client client, in ReadOnlySequence<byte> bytes) =>
        Trace.Publish(new TraceEntry(
            direction, client.Id, time.GetUtcNow(), bytes.Length, bytes.Slice(0, Math.Min(bytes.Length, TraceEntry.MaxBytes)).ToArray()));
}

/// <summary>The finished turns of all resources.</summary>
internal sealed class TurnFeed : EventFeed<TurnEvent>;

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

/// <summary>A turn that is over.</summary>
/// <param name="Outcome">How it ended for its client.</param>
/// <param name="ArrivedAt">When its request asked for it (a timestamp, as the others).</param>
/// <param name="StartedAt">When it was granted.</param>
/// <param name="EndedAt">When its processor had left.</param>
/// <param name="RequestBytes">What the client sent.</param>
/// <param name="ReplyBytes">What the processor replied.</param>
internal readonly record struct TurnEnd(Outcome Outcome, long ArrivedAt, long StartedAt, long EndedAt, long RequestBytes, long ReplyBytes);

/// <summary>The bytes of one request or reply, as far as they are kept.</summary>
/// <param name="Direction"><see cref="Request"/> or <see cref="Reply"/>.</param>
/// <param name="ConnectionId">Whose it is.</param>
/// <param name="Time">When the processor got the request, or was done with the reply.</param>
/// <param name="Length">How many bytes it has.</param>
/// <param name="Bytes">The first of them, at most <see cref="MaxBytes"/>.</param>
internal sealed record TraceEntry(string Direction, string ConnectionId, DateTimeOffset Time, long Length, ReadOnlyMemory<byte> Bytes)
{
    public const string Request = "request";

    public const string Reply = "reply";

    /// <summary>Ample for a frame of any instrument; what is longer is cut, so that a few readers never hold much.</summary>
    public const int MaxBytes = 4096;
}
