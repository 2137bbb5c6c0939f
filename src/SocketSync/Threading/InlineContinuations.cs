namespace SocketSync;

/// <summary>A continuation that links itself into the queue of <see cref="InlineContinuations"/> without an allocation.</summary>
internal abstract class InlineContinuation
{
    internal InlineContinuation? Next { get; set; }

    /// <summary>Runs the continuation inside this call.</summary>
    internal abstract void Continue();
}

/// <summary>
/// Hands a turn over without a thread switch: the thread that ended a turn continues the next holder, then its own client.
/// Continuations run one after the other, never nested; nested, a queue of turns that complete synchronously would grow the
/// stack. See <see cref="Dispatcher"/>, rule 5.
/// </summary>
internal static class InlineContinuations
{
    /// <summary>Yields after this many: clients of a device that is unavailable would otherwise hand over to each other forever.</summary>
    private const int MaxInARow = 64;

    [ThreadStatic]
    private static InlineContinuation? s_first;

    [ThreadStatic]
    private static InlineContinuation? s_last;

    [ThreadStatic]
    private static bool s_isRunning;

    /// <summary>Runs <paramref name="first"/>, then <paramref name="second"/>. Call it outside any lock.</summary>
    public static void Run(InlineContinuation? first, InlineContinuation? second)
    {
        if (first is not null)
            Add(first);
        if (second is not null)
            Add(second);
        if (!s_isRunning)
            RunQueue();
    }

    private static void RunQueue()
    {
        s_isRunning = true;
        try
        {
            for (var inARow = 0; s_first is { } continuation; inARow++)
            {
                if (inARow == MaxInARow)
                {
                    s_first = null;
                    Dispatcher.Yield().UnsafeOnCompleted(() => Resume(continuation));
                    return;
                }

                s_first = continuation.Next;
                continuation.Continue();
            }
        }
        finally
        {
            s_isRunning = false;
        }
    }

    /// <summary>Continues the queue that another run, possibly on another thread, has left.</summary>
    private static void Resume(InlineContinuation first)
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
            RunQueue();
    }

    private static void Add(InlineContinuation continuation)
    {
        continuation.Next = null;
        if (s_first is null)
            s_first = continuation;
        else
            s_last!.Next = continuation;
        s_last = continuation;
    }
}
