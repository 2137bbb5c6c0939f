namespace SocketSync;

/// <summary>
/// Hands a turn on without a change of thread: whoever ended the last one goes on as the next one's holder, then as its own
/// client. One continuation after the other and never one inside another, or a line of turns that end at once would grow
/// the stack.
/// </summary>
internal static class HandOver
{
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

        s_isRunning = true;
        try
        {
            while (s_first is { } signal)
            {
                s_first = signal.Next;
                signal.SetPosted();
            }
        }
        finally
        {
            s_isRunning = false;
        }
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
