namespace SocketSync;

/// <summary>The outcome of a request. Protocols report it to clients; metrics and logs name it by <see cref="OutcomeNames.Code"/>.</summary>
internal enum Outcome
{
    /// <summary>The processor has completed; its reply, if any, is sent to the client.</summary>
    Ok,

    /// <summary>Refused without processing: the queue was full, or the request waited in it too long.</summary>
    Busy,

    /// <summary>The turn or the device's reply timed out, or the asked unit does not answer and rests. The request may have been carried out.</summary>
    Timeout,

    /// <summary>There is no link to the device, it was lost before the reply was complete, or the server is shutting down.</summary>
    Unavailable,

    /// <summary>The processor threw.</summary>
    Failed,

    /// <summary>The client sent an invalid request, or did not complete it in time; request framing in its stream is lost.</summary>
    Malformed,

    /// <summary>The request is larger than <c>MaxRequestBytes</c>; request framing in the stream is lost.</summary>
    TooLarge,

    /// <summary>The client disconnected before its request was processed.</summary>
    Abandoned,
}

internal static class OutcomeNames
{
    public const int Count = (int)Outcome.Abandoned + 1;

    private static readonly string[] Codes =
        ["ok", "busy", "timeout", "unavailable", "failed", "malformed", "too-large", "abandoned"];

    /// <summary>Gets the code of an outcome, the same in error lines, metrics, events and logs.</summary>
    public static string Code(this Outcome outcome) => Codes[(int)outcome];
}
