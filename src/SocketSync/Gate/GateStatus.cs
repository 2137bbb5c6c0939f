namespace SocketSync;

/// <summary>A gate at one moment.</summary>
/// <param name="QueueLength">How many requests wait.</param>
/// <param name="MaxQueue">How many may.</param>
/// <param name="OldestWait">How long the oldest of them has waited.</param>
/// <param name="Holder">Who has the turn, if anybody.</param>
/// <param name="Held">For how long.</param>
/// <param name="IsStuck">The turn's time is over, but its processor is still inside.</param>
/// <param name="IsPaused">No further turn is granted; one may still be in hand.</param>
internal readonly record struct GateStatus(
    int QueueLength, int MaxQueue, TimeSpan OldestWait, Client? Holder, TimeSpan Held, bool IsStuck, bool IsPaused);
