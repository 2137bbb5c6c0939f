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

/// <summary>What the configuration says of a gate. Re-read when the file changes; holds from the next turn on.</summary>
internal sealed record GateOptions
{
    public Hold Hold { get; init; } = Hold.Request;

    [Duration]
    public TimeSpan QuietTime { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>A lease ends here, whatever the client does.</summary>
    [Duration]
    public TimeSpan MaxHold { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many requests may wait; one more is refused at once.</summary>
    [Range(0, int.MaxValue)]
    public int MaxQueue { get; init; } = 256;

    [Duration]
    public TimeSpan WaitTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>One request's time in its turn.</summary>
    [Duration]
    public TimeSpan TurnTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
