namespace SocketSync;

/// <summary>A gate's options as of one moment, and when by them a turn's or a lease's time is over (timestamps).</summary>
internal sealed class GateLimits(GateOptions options, TimeProvider time)
{
    private readonly long _quietTime = time.ToTimestampTicks(options.QuietTime);
    private readonly long _maxHold = time.ToTimestampTicks(options.MaxHold);
    private readonly long _turnTimeout = time.ToTimestampTicks(options.TurnTimeout);

    public GateOptions Options { get; } = options;

    public long WaitTimeout { get; } = time.ToTimestampTicks(options.WaitTimeout);

    /// <summary>When the request in hand has had its time.</summary>
    public long TurnDue(Turn turn)
    {
        var due = turn.StartedAt + _turnTimeout;
        return Options.Hold == Hold.Request ? due : Math.Min(due, HoldDue(turn));
    }

    /// <summary>When a lease between two requests ends, the client being silent since <paramref name="quietSince"/>.</summary>
    public long LeaseDue(Turn turn, long quietSince)
    {
        var due = HoldDue(turn);
        return Options.Hold == Hold.Quiet ? Math.Min(due, quietSince + _quietTime) : due;
    }

    /// <summary>When a lease ends whatever its client does.</summary>
    public long HoldDue(Turn turn) => turn.HeldSince + _maxHold;
}
