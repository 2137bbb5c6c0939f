namespace SocketSync.Tests;

/// <summary>What code allocates on the thread that runs it.</summary>
internal static class Allocations
{
    /// <summary>
    /// The least of three counts: what the runtime allocates on this thread once, while it compiles a method anew, is not
    /// the code's, which allocates the same each time.
    /// </summary>
    public static long Of(Action code)
    {
        var least = long.MaxValue;
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            code();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
