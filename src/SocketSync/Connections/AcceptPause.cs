namespace SocketSync;

/// <summary>
/// The wait after an accept that failed for want of means. Its timer exists, and has been started once, before means
/// are short: the first timer of a process needs a thread, which cannot be had without descriptors.
/// </summary>
internal sealed class AcceptPause : IDisposable
{
    public static readonly TimeSpan Length = TimeSpan.FromMilliseconds(100);

    private readonly ITimer _timer;
    private volatile TaskCompletionSource? _waiting;

    public AcceptPause(TimeProvider time) =>
        _timer = time.CreateTimer(static me => ((AcceptPause)me!).End(), this, Length, Timeout.InfiniteTimeSpan);

    public async Task WaitAsync(CancellationToken cancelled)
    {
        var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting = waiting;
        _timer.Change(Length, Timeout.InfiniteTimeSpan);
        await using var _ = cancelled.UnsafeRegister(static waiting => ((TaskCompletionSource)waiting!).TrySetResult(), waiting);
        await waiting.Task;
    }

    private void End() => _waiting?.TrySetResult();

    public void Dispose() => _timer.Dispose();
}
