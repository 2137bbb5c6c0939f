namespace SocketSync;

/// <summary>
/// Hands a turn on without a change of thread: whoever ended the last one goes on as the next one's holder, then as its own
/// client. One continuation after the other and never one inside another, or a line of turns that end at once would grow
/// the stack.
/// </summary>
internal static class HandOver
{
    /// <summary>So many in a row, and others on this thread are looked at before the rest: clients of a device that is away hand on for ever.</summary>
    private const int MostInARow = 64;

    [ThreadStatic]
    private static Signal? s_first;

    [ThreadStatic]
    private static Signal? s_last;

    [ThreadStatic]
    private static bool s_isRunning;

    /// <summary>
    /// Lets the next holder go on, then the client of the turn that ended: the resource works again before a reply is sent.
    /// Called outside any lock.
    /// </summary>
    public static void Run(Signal? admission, Signal? verdict, Outcome outcome)
    {
        if (admission is not null)
            Add(admission, Outcome.Ok);
        if (verdict is not null)
            Add(verdict, outcome);
        if (s_isRunning)
            return;

        RunPosted();
    }

    private static void RunPosted()
    {
        s_isRunning = true;
        try
        {
            for (var inARow = 0; s_first is { } signal; inARow++)
            {
                if (inARow == MostInARow)
                {
                    s_first = null;
                    WorkBudget.GiveWay().UnsafeOnCompleted(() => GoOn(signal));
                    return;
                }

                s_first = signal.Next;
                signal.SetPosted();
            }
        }
        finally
        {
            s_isRunning = false;
        }
    }

    /// <summary>Runs what another run, maybe of another thread, has left.</summary>
    private static void GoOn(Signal first)
    {
        var last = first;
        while (last.Next is { } next)
            last = next;
        if (s_first is null)
            s_first = first;
        else
            s_last!.Next = first;
        s_last = last;
        if (!s_isRunning)
            RunPosted();
    }

    private static void Add(Signal signal, Outcome outcome)
    {
        if (!signal.TryPost(outcome))
            return;
        if (s_first is null)
            s_first = signal;
        else
            s_last!.Next = signal;
        s_last = signal;
    }
}
