using System.Buffers;
using System.Text.Json.Serialization;

namespace SocketSync;

/// <summary>
/// Publishes the requests of one resource to observers. Without observers each check costs one field read and callers do nothing
/// further: a request then pays for no clock reading and no allocation.
/// </summary>
/// <param name="resource">The resource's name.</param>
/// <param name="turns">The feed of all turns.</param>
/// <param name="time">The clock of the events.</param>
/// <param name="node">This node's name, if it is one of several.</param>
/// <param name="journal">Where everything is written down, if it is.</param>
internal sealed class ResourceTelemetry(string resource, TurnFeed turns, TimeProvider time, string? node = null, JournalWriter? journal = null)
{
    /// <summary>The bytes of this resource's requests and replies.</summary>
    public EventFeed<TraceEntry> Trace { get; } = new();

    /// <summary>Whether somebody wants the bytes of requests and replies.</summary>
    public bool IsTraced => Trace.HasReaders || journal is { KeepsPayloads: true };

    /// <summary>Whether somebody wants to know of finished turns.</summary>
    public bool HasReaders => turns.HasReaders || journal is not null;

    public void TurnEnded(Client client, in TurnEnd end)
    {
        journal?.Add(new JournalEntry(
            JournalKind.Served, resource, client, end.Outcome, end.ArrivedAt, end.StartedAt, end.EndedAt, end.RequestBytes, end.ReplyBytes, node, end.Payload));
        if (!turns.HasReaders)
            return;

        // One reading of both clocks, so that the intervals between the three times are exact.
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
            end.ReplyBytes,
            node));

        DateTimeOffset At(long then) => now - time.GetElapsedTime(then, timestamp);
    }

    /// <summary>A request ended before it had a turn: it was refused, or its client has left.</summary>
    /// <param name="client">Who asked.</param>
    /// <param name="outcome">What came of it.</param>
    /// <param name="queuedAt">When it began to wait; <see langword="null"/> if it did not.</param>
    /// <param name="request">The request; empty if it is not there any more, or was none.</param>
    public void Refused(Client client, Outcome outcome, long? queuedAt, in ReadOnlySequence<byte> request) =>
        EndedWithoutTurn(JournalKind.Refused, client, outcome, queuedAt, request, reply: default);

    /// <summary>A request was answered by an earlier reply.</summary>
    public void AnsweredWithoutTurn(Client client, in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> reply)
    {
        Note(TraceEntry.Request, client, request);
        Note(TraceEntry.Reply, client, reply);
        EndedWithoutTurn(JournalKind.Cached, client, Outcome.Cached, queuedAt: null, request, reply);
    }

    public void LeaseEnded(Client client, long heldSince, long endedAt) =>
        journal?.Add(new JournalEntry(JournalKind.Held, resource, client, Outcome.Ok, heldSince, heldSince, endedAt, 0, 0, node, Payload: null));

    /// <param name="client">Who asked.</param>
    /// <param name="bytes">The request.</param>
    /// <param name="payload">What is kept of this turn so far.</param>
    /// <returns>What is kept now; <see langword="null"/> if nothing is.</returns>
    public JournalPayload? Requested(Client client, in ReadOnlySequence<byte> bytes, JournalPayload? payload)
    {
        Note(TraceEntry.Request, client, bytes);
        if (journal is not { KeepsPayloads: true })
            return null;
        payload ??= new JournalPayload();
        payload.AddRequest(bytes);
        return payload;
    }

    /// <summary>The same of a reply.</summary>
    public JournalPayload? Replied(Client client, in ReadOnlySequence<byte> bytes, JournalPayload? payload)
    {
        if (bytes.IsEmpty)
            return payload;
        Note(TraceEntry.Reply, client, bytes);
        if (journal is not { KeepsPayloads: true })
            return null;
        payload ??= new JournalPayload();
        payload.AddReply(bytes);
        return payload;
    }

    private void EndedWithoutTurn(
        JournalKind kind, Client client, Outcome outcome, long? queuedAt, in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> reply)
    {
        if (journal is null)
            return;
        JournalPayload? payload = null;
        if (journal.KeepsPayloads)
        {
            payload = new JournalPayload();
            payload.AddRequest(request);
            payload.AddReply(reply);
        }

        var now = time.GetTimestamp();
        journal.Add(new JournalEntry(kind, resource, client, outcome, queuedAt ?? now, now, now, request.Length, reply.Length, node, payload));
    }

    private void Note(string direction, Client client, in ReadOnlySequence<byte> bytes)
    {
        if (!Trace.HasReaders)
            return;
        Trace.Publish(new TraceEntry(
            direction, client.Id, time.GetUtcNow(), bytes.Length, bytes.Slice(0, Math.Min(bytes.Length, TraceEntry.MaxBytes)).ToArray()));
    }
}

/// <summary>The finished turns of all resources.</summary>
internal sealed class TurnFeed : EventFeed<TurnEvent>;

/// <summary>One finished turn. A lease publishes one event per request.</summary>
/// <param name="Resource">The resource's name.</param>
/// <param name="ConnectionId">The id of the client that had the turn.</param>
/// <param name="RemoteEndPoint">The client's endpoint.</param>
/// <param name="QueuedAt">When the request was complete and asked for its turn.</param>
/// <param name="StartedAt">
/// When the turn was granted; the same as <paramref name="QueuedAt"/> if the request did not wait. If the turn first had to wait for the
/// device, because of an earlier request, when that wait was over.
/// </param>
/// <param name="EndedAt">When the resource was free again; for a processor that outlives its turn, when it really returned.</param>
/// <param name="Outcome">The outcome for the client.</param>
/// <param name="RequestBytes">How many bytes the client sent, including those during the turn.</param>
/// <param name="ReplyBytes">How many bytes the processor replied, including those sent during the turn; an error line does not count.</param>
/// <param name="Node">The node that owned the resource; <see langword="null"/> for a server that is alone.</param>
internal readonly record struct TurnEvent(
    string Resource,
    string ConnectionId,
    string? RemoteEndPoint,
    DateTimeOffset QueuedAt,
    DateTimeOffset StartedAt,
    DateTimeOffset EndedAt,
    Outcome Outcome,
    long RequestBytes,
    long ReplyBytes,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Node = null);

/// <summary>The data of a turn that is over.</summary>
/// <param name="Outcome">The outcome for the client.</param>
/// <param name="ArrivedAt">When the request asked for the turn (a timestamp, like the others).</param>
/// <param name="StartedAt">When the turn began to count.</param>
/// <param name="EndedAt">When the processor returned.</param>
/// <param name="RequestBytes">How many bytes the client sent.</param>
/// <param name="ReplyBytes">How many bytes the processor replied.</param>
/// <param name="Payload">The bytes themselves, if they are kept.</param>
internal readonly record struct TurnEnd(
    Outcome Outcome, long ArrivedAt, long StartedAt, long EndedAt, long RequestBytes, long ReplyBytes, JournalPayload? Payload = null);

/// <summary>The bytes of one request or reply, truncated to <see cref="MaxBytes"/>.</summary>
/// <param name="Direction"><see cref="Request"/> or <see cref="Reply"/>.</param>
/// <param name="ConnectionId">The client's connection id.</param>
/// <param name="Time">When the processor got the request, or finished the reply.</param>
/// <param name="Length">The full length in bytes.</param>
/// <param name="Bytes">The first bytes, at most <see cref="MaxBytes"/>.</param>
internal sealed record TraceEntry(string Direction, string ConnectionId, DateTimeOffset Time, long Length, ReadOnlyMemory<byte> Bytes)
{
    public const string Request = "request";

    public const string Reply = "reply";

    /// <summary>Enough for a frame of any instrument; longer ones are truncated, so that a few readers never hold much memory.</summary>
    public const int MaxBytes = 4096;
}
