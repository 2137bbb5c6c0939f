namespace SocketSync;

/// <summary>Where a <see cref="Turn"/> is in its life.</summary>
internal enum TurnState
{
    /// <summary>Neither waiting nor holding.</summary>
    Out,

    /// <summary>In line.</summary>
    Waiting,

    /// <summary>Holding the resource; its processor may run.</summary>
    Running,

    /// <summary>Holding the resource between two requests of its client.</summary>
    Leased,

    /// <summary>Its client was told how the request ended; the resource takes time to itself before the next turn.</summary>
    Recovering,

    /// <summary>Its time is over and its client was told so, but the processor is still inside: the gate stays shut.</summary>
    Overdue,
}

/// <summary>
/// One client's place in line, then its turn, then perhaps its lease. A client has one and uses it for every request;
/// only where a processor outstays its turn is the old one left to it, and the client goes on with a new one.
/// </summary>
/// <remarks>All but the two tasks belongs to the <see cref="TurnGate"/> and is touched under its lock.</remarks>
internal sealed class Turn
{
    private readonly Action? _onLeaseLost;

    /// <param name="client">Whose it is, for the status.</param>
    /// <param name="priority">The class of all requests of this client.</param>
    /// <param name="onLeaseLost">
    /// Called, outside any lock, when a lease that is between two requests is ended by <see cref="GateOptions.MaxHold"/> or by an operator.
    /// </param>
    public Turn(Client client, Priority priority, Action? onLeaseLost = null)
    {
        Client = client;
        Priority = priority;
        _onLeaseLost = onLeaseLost;
    }

    public Client Client { get; }

    public Priority Priority { get; }

    /// <summary>Ended by <see cref="GateOptions.MaxHold"/> or by an operator; the client is told <see cref="Outcome.Timeout"/> and closed.</summary>
    public bool LeaseLost { get; internal set; }

    /// <summary>Its client is being closed by an operator: nothing is granted to it any more.</summary>
    internal bool IsEvicted { get; set; }

    /// <summary>Decided while its processor was still inside; the client goes on with another turn object.</summary>
    public bool CompletedEarly { get; internal set; }

    /// <summary>Cancelled when the turn is over before its processor has left.</summary>
    public CancellationToken Cancelled { get; internal set; }

    /// <summary>Completes when the wait is over: Ok is the grant, anything else a refusal.</summary>
    internal OutcomeSource Admission { get; } = new();

    /// <summary>Completes when it is known how the request ended; for an overdue turn that is before the processor has left.</summary>
    internal OutcomeSource Verdict { get; } = new();

    internal TurnState State { get; set; }

    /// <summary>Its client is gone.</summary>
    internal bool HasLeft { get; set; }

    /// <summary>Set with the verdict, so that there is only one.</summary>
    internal bool IsDecided { get; set; }

    /// <summary>How the request ended, once that is decided.</summary>
    internal Outcome Decided { get; set; }

    /// <summary>The order of arrival among all that wait.</summary>
    internal long Arrival { get; set; }

    /// <summary>When its request asked for a turn (a timestamp).</summary>
    internal long ArrivedAt { get; set; }

    /// <summary>When the resource was taken, for the first request of a lease (a timestamp).</summary>
    internal long HeldSince { get; set; }

    /// <summary>When the request in hand began (a timestamp).</summary>
    internal long StartedAt { get; set; }

    /// <summary>When the processor left the last request, if there was one (a timestamp).</summary>
    internal long? EndedAt { get; set; }

    /// <summary>How long the request was, for those who watch; noted only where there are any.</summary>
    internal long RequestBytes { get; set; }

    /// <summary>How long the reply was, likewise.</summary>
    internal long ReplyBytes { get; set; }

    /// <summary>Called when its time is over, before its client is told so.</summary>
    internal Action? Guard { get; set; }

    internal Turn? Next { get; set; }

    internal Turn? Previous { get; set; }

    internal void TellLeaseLost() => _onLeaseLost?.Invoke();
}
