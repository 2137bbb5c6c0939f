namespace SocketSync.Tests;

internal static class Bounded
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Waits for what must come, so that a test whose code is broken fails and does not hang.</summary>
    public static Task<T> Bound<T>(this Task<T> task) => task.WaitAsync(Limit);

    public static Task Bound(this Task task) => task.WaitAsync(Limit);

    public static Task<T> Bound<T>(this ValueTask<T> task) => task.AsTask().WaitAsync(Limit);

    public static Task Bound(this ValueTask task) => task.AsTask().WaitAsync(Limit);

    public static void Wait(ManualResetEventSlim happened) => Assert.True(happened.Wait(Limit), "did not happen");
}
