namespace SocketSync;

/// <summary>
/// What one party may do in a row on a thread that others wait for. Whatever loops there, over requests, bytes, frames or
/// reads that complete at once, charges its work here, and gives way when it is told to: the one rule that keeps a client
/// or a device, however fast, from holding up all others.
/// </summary>
/// <remarks>
/// <para>Work is counted, not timed, so that it can be tested and costs no clock. A unit is about a nanosecond: the limit
/// comes to some tenths of a millisecond with everything that hangs on a request.</para>
/// <para>A client has one budget, and what is done for it in its turn, by a relay for instance, is charged to that one: were
/// there two, each would begin anew whenever the other has been charged. Where another party was charged in between on the
/// same thread, the thread has served somebody else, and the count begins anew. Not thread-safe: two threads that charge
/// one budget at once may lose a charge, and no more.</para>
/// </remarks>
internal sealed class WorkBudget
{
    /// <summary>A read or a write that went to the system.</summary>
    public const int SystemCall = 8 * 1024;

    /// <summary>A request or a reply, its framing, turn and counting.</summary>
    public const int Frame = 256;

    /// <summary>So much in a row; then others are looked at.</summary>
    public const int Limit = 64 * 1024;

    [ThreadStatic]
    private static WorkBudget? s_charged;

    private long _spent;

    /// <summary>Charges work that was done, or is about to be.</summary>
    /// <param name="units">Its cost; a byte that is looked at or copied is one.</param>
    /// <returns>Whether to give way now, by awaiting <see cref="GiveWay"/>.</returns>
    public bool Charge(long units)
    {
        if (s_charged != this)
        {
            s_charged = this;
            _spent = 0;
        }

        _spent += units;
        if (_spent < Limit)
            return false;
        _spent = 0;
        return true;
    }

    /// <summary>Goes on when the others have been looked at: at the end of the line of the thread, or of the pool.</summary>
    public static Dispatcher.YieldSwitch GiveWay() => default;
}
