namespace SocketSync;

/// <summary>
/// What one viewer may do to the server. The token that the viewer entered is kept here while the page is open, and nowhere else.
/// </summary>
internal sealed class OperatorSession(OperatorActions steering, AdminToken admin, TimeProvider time)
{
    /// <summary>Long enough to make guessing hopeless.</summary>
    private static readonly TimeSpan WrongTokenPause = TimeSpan.FromSeconds(1);

    private string? _token;

    public bool IsConfigured => admin.IsConfigured;

    /// <summary>Whether the entered token is right. It is compared each time, because the configured one may have changed since.</summary>
    public bool IsUnlocked => admin.Matches(_token);

    /// <summary>The action that the viewer is being asked to confirm.</summary>
    public PendingAction? Pending { get; set; }

    public void Forget() => _token = null;

    /// <param name="action">What to do.</param>
    /// <param name="token">What the viewer entered; used only while no right token is known.</param>
    /// <returns>What came of it, and why it was refused where it was.</returns>
    public async Task<(PendingActionResult Result, string? Why)> DoAsync(PendingAction action, string? token)
    {
        if (!IsConfigured)
            return (PendingActionResult.NoTokenConfigured, null);
        if (!IsUnlocked)
        {
            if (!admin.Matches(token))
            {
                await Task.Delay(WrongTokenPause, time);
                return (PendingActionResult.WrongToken, null);
            }

            _token = token;
        }

        var answer = await (action.Kind switch
        {
            PendingActionKind.Pause => steering.PauseAsync(action.Target),
            PendingActionKind.Resume => steering.ResumeAsync(action.Target),
            PendingActionKind.Move => steering.MoveAsync(action.Target, action.Node ?? "", CancellationToken.None),
            _ => steering.CloseAsync(action.Target),
        });
        return answer switch
        {
            { Result: SteeringResult.Done } or { Result: SteeringResult.Accepted, Why: null } => (PendingActionResult.Done, null),
            { Result: SteeringResult.Unknown } => (PendingActionResult.Gone, null),
            _ => (PendingActionResult.Refused, answer.Why),
        };
    }

    /// <summary>The nodes that a resource could be moved to.</summary>
    public IReadOnlyList<string> TargetsOf(string resource) => steering.TargetsOf(resource);
}

internal enum PendingActionKind
{
    Pause,
    Resume,
    Move,
    Close,
}

internal enum PendingActionResult
{
    Done,
    NoTokenConfigured,
    WrongToken,

    /// <summary>The resource or client no longer exists.</summary>
    Gone,

    /// <summary>It cannot be, or not at once.</summary>
    Refused,
}

/// <summary>Something that an operator may do, and what the page says before it is done.</summary>
/// <param name="Kind">What.</param>
/// <param name="Target">The resource's name, or the connection's id.</param>
/// <param name="Title">The question.</param>
/// <param name="Consequences">What will happen, one sentence each.</param>
internal sealed record PendingAction(PendingActionKind Kind, string Target, string Title, IReadOnlyList<string> Consequences)
{
    /// <summary>The nodes from which the viewer chooses.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>The one that the viewer has chosen.</summary>
    public string? Node { get; init; }

    public static PendingAction Move(ResourceView resource, IReadOnlyList<string> nodes) => new(
        PendingActionKind.Move,
        resource.Name,
        $"Move {resource.Name} to another node?",
        [
            resource.Gate.QueueLength == 0 && resource.Turn is null
                ? "Its clients are closed; they may connect again at once, to any node."
                : "The requests in hand are answered first; then its clients are closed. They may connect again at once, to any node.",
            "Until the other node has it, requests wait.",
        ])
    {
        Nodes = nodes,
    };

    public static PendingAction Pause(ResourceView resource) => new(
        PendingActionKind.Pause,
        resource.Name,
        $"Pause {resource.Name}?",
        [
            resource.Turn is { } turn ? $"The turn in hand, of {turn.Address}, ends as it would; after it nobody gets one." : "Nobody gets a turn.",
            "Requests wait in line. Those that wait longer than their WaitTimeout are refused as busy.",
            $"Readiness becomes Degraded. It stays so until you resume, or {(resource.Place is null ? "the server is" : "all nodes are")} started anew.",
        ]);

    public static PendingAction Resume(ResourceView resource) => new(
        PendingActionKind.Resume,
        resource.Name,
        $"Resume {resource.Name}?",
        [resource.Gate.QueueLength == 0 ? "Turns are granted again." : $"Turns are granted again, first to the {DisplayFormat.Count(resource.Gate.QueueLength)} in line, in order."]);

    public static PendingAction Close(ClientView client) => new(
        PendingActionKind.Close,
        client.Id,
        $"Close {client.Address}?",
        [
            client.HasTurn ? $"It has the turn of {client.Resource}: the turn is cancelled, and the next in line comes when the processor has left."
                : client.Waiting ? "It waits in line: its request leaves the line and is not processed."
                : "It has no turn and waits for none.",
            "Its connection is closed. It may connect again.",
        ]);
}
