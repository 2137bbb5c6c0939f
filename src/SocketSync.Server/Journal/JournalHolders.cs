namespace SocketSync;

/// <summary>Who had a resource while others waited for it, as far as the lines tell that were read before.</summary>
internal sealed class JournalHolders
{
    /// <summary>Those who were at it since are more than anybody reads.</summary>
    private const int MostKept = 1000;

    private readonly Dictionary<string, Queue<JournalLine>> _turns = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Adds a line; turns are written in the order in which they ended.</summary>
    public void Add(JournalLine line)
    {
        if (line.Kind is not (JournalLine.TurnKind or JournalLine.LeaseKind)) return;
        if (!_turns.TryGetValue(line.Resource, out var turns)) _turns[line.Resource] = turns = new();
        turns.Enqueue(line);
        if (turns.Count > MostKept) turns.Dequeue();
    }

    /// <summary>The client that had the resource longest while this one waited; null if it did not wait, or nobody is known.</summary>
    public string? AwaitedBy(JournalLine line)
    {
        if (line.QueuedAt is not { } from || line.Waited < TimeSpan.FromMilliseconds(1) || !_turns.TryGetValue(line.Resource, out var turns)) return null;
        var until = line.StartedAt ?? line.EndedAt;
        var held = new Dictionary<string, TimeSpan>(StringComparer.Ordinal);
        foreach (var turn in turns.Where(turn => turn.EndedAt > from && turn.StartedAt < until && turn.ConnectionId != line.ConnectionId))
        {
            var overlap = (turn.EndedAt < until ? turn.EndedAt : until) - (turn.StartedAt > from ? turn.StartedAt.Value : from);
            held[turn.Client] = held.GetValueOrDefault(turn.Client) + overlap;
        }

        return held.Count == 0 ? null : held.MaxBy(one => one.Value).Key;
    }
}
