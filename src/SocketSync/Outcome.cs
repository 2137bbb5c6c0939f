namespace SocketSync;

/// <summary>The outcome of a request. Protocols report it to clients; metrics and logs name it by <see cref="OutcomeNames.Code"/>.</summary>
public enum Outcome
{
    /// <summary>The processor has completed; its reply, if any, is sent to the client.</summary>
    Ok,

    /// <summary>Answered by an earlier reply of the device, without a turn (<c>Cache</c>).</summary>
    Cached,

    /// <summary>Refused without processing: the queue was full, or the request waited in it too long.</summary>
    Busy,

    /// <summary>The turn or the device's reply timed out, or the asked unit does not answer and rests. The request may have been carried out.</summary>
    Timeout,

    /// <summary>There is no link to the device, it was lost before the reply was complete, or the server is shutting down.</summary>
    Unavailable,

    /// <summary>The processor threw.</summary>
    Failed,

    /// <summary>A rule of <c>Access</c> forbids the function or the command; it was never processed.</summary>
    Denied,

    /// <summary>As <see cref="Denied"/>, by a rule with <c>Registers</c>: Modbus has a code of its own for an address.</summary>
    DeniedAddress,

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
        ["ok", "cached", "busy", "timeout", "unavailable", "failed", "denied", "denied", "malformed", "too-large", "abandoned"];

    /// <summary>The outcomes that are counted, one for each code.</summary>
    public static IReadOnlyList<Outcome> Counted { get; } = [.. Enum.GetValues<Outcome>().DistinctBy(AsCounted)];

    /// <summary>Gets the code of an outcome, the same in error lines, metrics, events and logs.</summary>
    public static string Code(this Outcome outcome) => Codes[(int)outcome];

    /// <summary>The outcome under which this one is counted.</summary>
    public static Outcome AsCounted(this Outcome outcome) => outcome == Outcome.DeniedAddress ? Outcome.Denied : outcome;

    /// <summary>Whether the client gets a reply, and not an error.</summary>
    public static bool IsAnswered(this Outcome outcome) => outcome is Outcome.Ok or Outcome.Cached;
}
