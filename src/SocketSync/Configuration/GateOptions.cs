using System.ComponentModel.DataAnnotations;

namespace SocketSync;

/// <summary>How long a client keeps its turn.</summary>
internal enum Hold
{
    /// <summary>For one request.</summary>
    Request,

    /// <summary>Until it has been silent for <see cref="GateOptions.QuietTime"/>.</summary>
    Quiet,

    /// <summary>Until it disconnects.</summary>
    Connection,
}

/// <summary>What becomes of a waiting request whose client has ended its stream.</summary>
internal enum EndOfStream
{
    /// <summary>It keeps its place and is answered: <c>printf 'x\n' | nc</c>.</summary>
    Answer,

    /// <summary>It leaves the line unprocessed: its client has given up, and would have reported a failure.</summary>
    Leave,
}

/// <summary>What the configuration says of a gate. Re-read when the file changes; holds from the next turn on.</summary>
internal sealed record GateOptions
{
    public Hold Hold { get; init; } = Hold.Request;

    [Duration]
    public TimeSpan QuietTime { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>A lease ends here, whatever the client does.</summary>
    [Duration]
    public TimeSpan MaxHold { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many requests may wait; of more, the youngest of the lowest class is refused at once.</summary>
    [Range(0, int.MaxValue)]
    public int MaxQueue { get; init; } = 256;

    /// <summary>How many requests of one client address may wait; one more is refused at once. 0 sets no limit.</summary>
    [Range(0, int.MaxValue)]
    public int MaxQueuePerAddress { get; init; }

    /// <summary>By protocol and processor when not given.</summary>
    public EndOfStream? EndOfStream { get; init; }

    [Duration]
    public TimeSpan WaitTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>One request's time in its turn.</summary>
    [Duration]
    public TimeSpan TurnTimeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>The class of a listener's requests; lower values go first.</summary>
internal enum Priority
{
    High,
    Normal,
    Low,
}
