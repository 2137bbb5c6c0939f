using System.Buffers;

namespace SocketSync;

/// <summary>
/// Tells of one resource's requests to those who watch. While nobody does, each question here costs one read of a field,
/// and no more is to be done: a request pays for no clock and no allocation.
/// </summary>
internal sealed class ResourceWatch(string resource, TurnFeed turns, TimeProvider time)
{
    /// <summary>The bytes of this resource's requests and replies.</summary>
    public Feed<TraceEntry> Trace { get; } = new();

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
