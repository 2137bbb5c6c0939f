namespace SocketSync;

/// <summary>How a request ended. Protocols tell it to clients, metrics and logs name it by <see cref="OutcomeNames.Code"/>.</summary>
internal enum Outcome
{
    /// <summary>The processor has run; its reply, if any, goes to the client.</summary>
    Ok,

    /// <summary>Refused, never processed: the queue was full, or the request waited in it too long.</summary>
    Busy,

    /// <summary>The turn took longer than it may.</summary>
    Timeout,

    /// <summary>Refused, never processed: there is no link to the device, or the server is going away.</summary>
    Unavailable,

    /// <summary>The processor threw.</summary>
    Failed,

    /// <summary>What the client sent is no request; the place in its stream is lost.</summary>
    Malformed,

    /// <summary>The request is larger than <c>MaxRequestBytes</c>; the place in the stream is lost.</summary>
    TooLarge,

    /// <summary>The client went away before its request was processed.</summary>
    Abandoned,
}

internal static class OutcomeNames
{
    public const int Count = (int)Outcome.Abandoned + 1;

    private static readonly string[] Codes =
        ["ok", "busy", "timeout", "unavailable", "failed", "malformed", "too-large", "abandoned"];

    /// <summary>The word for an outcome, alike in error lines, metrics, events and logs.</summary>
    public static string Code(this Outcome outcome) => Codes[(int)outcome];
}
