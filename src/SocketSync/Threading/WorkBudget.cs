namespace SocketSync;

/// <summary>
/// Limits how much work one client or device may do in a row on a shared thread. Every loop there, over requests, bytes, frames
/// or reads that complete synchronously, charges its work here and yields when told to: the one rule that keeps a client or a
/// device, however fast, from starving all others. See <see cref="Dispatcher"/>, rule 2.
/// </summary>
/// <remarks>
/// <para>Work is counted, not timed, so that it can be tested and needs no clock. A unit is about a nanosecond: the limit
/// amounts to some tenths of a millisecond, including the overhead of a request.</para>
/// <para>A client has one budget, which is also charged for work on its behalf during its turn, by a relay for example: with
/// two budgets, each would start anew whenever the other was charged. A budget starts anew when another one was charged on the
/// same thread in between, because the thread has then served another party. Not thread-safe: two threads that charge one
/// budget at once may lose a charge, and no more.</para>
/// </remarks>
internal sealed class WorkBudget
{
    /// <summary>The cost of a read or write that made a system call.</summary>
    public const int SystemCall = 8 * 1024;

    /// <summary>The cost of a request or a reply: framing, turn and counting.</summary>
    public const int Frame = 256;

    /// <summary>The work allowed in a row before yielding.</summary>
    public const int Limit = 64 * 1024;

    [ThreadStatic]
    private static WorkBudget? s_charged;

    private long _spent;

    /// <summary>Charges work that was done or is about to be done.</summary>
    /// <param name="units">The cost; one unit per byte that is scanned or copied.</param>
    /// <returns>Whether to yield now, by awaiting <see cref="Dispatcher.Yield"/>.</returns>
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
}
