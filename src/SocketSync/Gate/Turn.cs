namespace SocketSync;

/// <summary>The states of a <see cref="Turn"/>.</summary>
internal enum TurnState
{
    /// <summary>Neither waiting nor holding the resource.</summary>
    Out,

    /// <summary>Waiting in the queue.</summary>
    Waiting,

    /// <summary>Holding the resource; the processor may run.</summary>
    Running,

    /// <summary>Holding the resource as a lease, between two requests of the client.</summary>
    Leased,

    /// <summary>The client knows the outcome, but the resource needs time to recover before the next turn.</summary>
    Recovering,

    /// <summary>The turn has timed out and the client knows it, but the processor has not returned: the gate stays closed.</summary>
    Overdue,
}

/// <summary>
/// One client's place in the queue, then its turn, then possibly its lease. A client reuses one object for all requests; only
/// when a processor outlives its turn, the old object stays with the processor and the client gets a new one.
/// </summary>
/// <remarks>
/// The <see cref="TurnGate"/> writes the members under its lock. Without it, the client reads its own turn between two requests, when
/// the gate does not touch it; <see cref="LeaseLost"/>, <see cref="CompletedEarly"/> and <see cref="State"/> may be read at any time as
/// hints. The byte counts belong to whoever runs the turn.
/// </remarks>
internal sealed class Turn
{
    private readonly Action? _onLeaseLost;

    /// <param name="client">The client, for the status.</param>
    /// <param name="priority">The priority of all requests of this client.</param>
    /// <param name="onLeaseLost">
    /// Called, outside any lock, when <see cref="GateOptions.MaxHold"/> or an operator ends a lease between two requests.
    /// </param>
    public Turn(Client client, Priority priority, Action? onLeaseLost = null)
    {
        Client = client;
        Priority = priority;
        _onLeaseLost = onLeaseLost;
    }

    public Client Client { get; }

    public Priority Priority { get; }

    /// <summary>The host's own code that runs in this turn, which is never used again; <see langword="null"/>: the processor does.</summary>
    public Func<CancellationToken, ValueTask<Outcome>>? Work { get; init; }

    /// <summary>
    /// Whether <see cref="GateOptions.MaxHold"/> or an operator ended the lease; the client gets <see cref="Outcome.Timeout"/> and is closed.
    /// </summary>
    public bool LeaseLost { get; internal set; }

    /// <summary>Whether an operator is closing the client: it is granted no further turn.</summary>
    internal bool IsEvicted { get; set; }

    /// <summary>Whether something else than the request's own time has ended the turn: an operator, or MaxHold.</summary>
    public bool IsCutShort => IsEvicted || LeaseLost;

    /// <summary>Whether the outcome was decided before the processor returned; the client continues with another turn object.</summary>
    public bool CompletedEarly { get; internal set; }

    /// <summary>Cancelled when the turn is over before the processor has returned.</summary>
    public CancellationToken Cancelled { get; internal set; }

    /// <summary>Completes when the wait is over: Ok grants the turn, any other outcome ends the request without one.</summary>
    internal OutcomeSource Admission { get; } = new();

    /// <summary>Completes when the outcome is known; for an overdue turn, that is before the processor has returned.</summary>
    internal OutcomeSource Verdict { get; } = new();

    internal TurnState State { get; set; }

    /// <summary>Whether the client is gone.</summary>
    internal bool HasLeft { get; set; }

    /// <summary>Whether the outcome is decided; ensures that there is only one verdict.</summary>
    internal bool IsDecided { get; set; }

    /// <summary>The outcome, once <see cref="IsDecided"/>.</summary>
    internal Outcome Decided { get; set; }

    /// <summary>The position in the order of arrival, over all priorities.</summary>
    internal long Arrival { get; set; }

    /// <summary>When the request asked for a turn (a timestamp).</summary>
    internal long ArrivedAt { get; set; }

    /// <summary>When the turn was granted; for a lease, to its first request (a timestamp).</summary>
    internal long HeldSince { get; set; }

    /// <summary>When the current request began (a timestamp).</summary>
    internal long StartedAt { get; set; }

    /// <summary>When the processor finished the last request, if there was one (a timestamp).</summary>
    internal long? EndedAt { get; set; }

    /// <summary>The length of the request in bytes; set only while the turn feed has readers.</summary>
    internal long RequestBytes { get; set; }

    /// <summary>The length of the reply in bytes; set only while the turn feed has readers.</summary>
    internal long ReplyBytes { get; set; }

    /// <summary>The bytes of requests and replies, if the journal keeps them; belongs to whoever runs the turn.</summary>
    internal JournalPayload? Payload { get; set; }

    /// <summary>Called when the turn times out, before the client is told.</summary>
    internal Action? Guard { get; set; }

    internal Turn? Next { get; set; }

    internal Turn? Previous { get; set; }

    internal void TellLeaseLost() => _onLeaseLost?.Invoke();
}
