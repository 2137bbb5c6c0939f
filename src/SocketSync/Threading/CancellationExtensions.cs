namespace SocketSync;

internal static class CancellationExtensions
{
    /// <summary>
    /// Cancels from the thread pool. Whoever calls does not wait for those who are told, which may run code of a user's own;
    /// what that throws is its own affair, and would end up as an exception that nobody has observed.
    /// </summary>
    public static void CancelInBackground(this CancellationTokenSource source) =>
        _ = source.CancelAsync().ContinueWith(
            static cancelling => _ = cancelling.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
}
