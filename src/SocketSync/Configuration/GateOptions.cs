using System.ComponentModel.DataAnnotations;

namespace SocketSync;

/// <summary>How long a client keeps its turn.</summary>
public enum Hold
{
    /// <summary>For one request.</summary>
    Request,

    /// <summary>Until it has been silent for <see cref="GateOptions.QuietTime"/>.</summary>
    Quiet,

    /// <summary>Until it disconnects.</summary>
    Connection,
}

/// <summary>What happens to a waiting request whose client has ended its stream.</summary>
public enum EndOfStreamAction
{
    /// <summary>The request keeps its place in the queue and is answered: <c>printf 'x\n' | nc</c>.</summary>
    Answer,

    /// <summary>
    /// The request is removed unprocessed: its client has given up, and would report a failure even if the request ran.
    /// </summary>
    Leave,
}

/// <summary>The settings of a gate. Reloaded when the file changes; new settings apply from the next turn on.</summary>
public sealed record GateOptions
{
    /// <summary>How long a client keeps its turn: for a request, until it is silent, or as long as it is connected.</summary>
    public Hold Hold { get; init; } = Hold.Request;

    /// <summary>With Hold Quiet: how long a client is silent until its turn ends.</summary>
    [Duration]
    public TimeSpan QuietTime { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Maximum duration of a lease, whatever the client does.</summary>
    [Duration]
    public TimeSpan MaxHold { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Maximum number of waiting requests; beyond it, the youngest of the lowest priority class is refused at once.
    /// </summary>
    [Range(0, int.MaxValue)]
    public int MaxQueue { get; init; } = 256;

    /// <summary>
    /// Maximum number of waiting requests per client address; further ones are refused at once. 0 sets no limit.
    /// </summary>
    [Range(0, int.MaxValue)]
    public int MaxQueuePerAddress { get; init; }

    /// <summary>If not set, depends on protocol and processor.</summary>
    public EndOfStreamAction? EndOfStream { get; init; }

    /// <summary>How long a request waits for its turn; then it is refused as busy.</summary>
    [Duration]
    public TimeSpan WaitTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Timeout of one request in its turn.</summary>
    [Duration]
    public TimeSpan TurnTimeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>The priority class of a listener's requests; lower values go first.</summary>
public enum Priority
{
    /// <summary>Goes before all others.</summary>
    High,

    /// <summary>The default.</summary>
    Normal,

    /// <summary>Goes when nobody else waits.</summary>
    Low,
}
