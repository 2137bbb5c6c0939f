namespace SocketSync;

internal enum SteeringVerb
{
    Pause,
    Resume,
    Close,
}

/// <summary>Something an operator may do, and what is said before it is done.</summary>
/// <param name="Verb">What.</param>
/// <param name="Target">The resource's name, or the connection's id.</param>
/// <param name="Title">The question.</param>
/// <param name="Consequences">What will happen, one sentence each.</param>
internal sealed record SteeringAction(SteeringVerb Verb, string Target, string Title, IReadOnlyList<string> Consequences)
{
    public static SteeringAction Pause(ResourceView resource) => new(
        SteeringVerb.Pause,
        resource.Name,
        $"Pause {resource.Name}?",
        [
            resource.Turn is { } turn ? $"The turn in hand, of {turn.Address}, ends as it would; after it nobody gets one." : "Nobody gets a turn.",
            "Requests wait in line. Those that wait longer than their WaitTimeout are refused as busy.",
            "Readiness becomes Degraded. It stays so until you resume, or the server is started anew.",
        ]);

    public static SteeringAction Resume(ResourceView resource) => new(
        SteeringVerb.Resume,
        resource.Name,
        $"Resume {resource.Name}?",
        [resource.Gate.QueueLength == 0 ? "Turns are granted again." : $"Turns are granted again, first to the {Shown.Count(resource.Gate.QueueLength)} in line, in order."]);

    public static SteeringAction Close(ClientView client) => new(
        SteeringVerb.Close,
        client.Id,
        $"Close {client.Address}?",
        [
            client.HasTurn ? $"It has the turn of {client.Resource}: the turn is cancelled, and the next in line comes when the processor has left."
                : client.Waiting ? "It waits in line: its request leaves the line and is not processed."
                : "It has no turn and waits for none.",
            "Its connection is closed. It may connect again.",
        ]);
}
