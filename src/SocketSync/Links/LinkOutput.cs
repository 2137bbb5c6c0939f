using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>
/// The output of any kind of link: a flush tells of a lost link in one way, and completing passes the end of the stream
/// on without closing what the device still sends.
/// </summary>
/// <param name="inner">Where the bytes go.</param>
/// <param name="end">Passes the end of the stream on; called once at most, with everything flushed.</param>
internal sealed class LinkOutput(PipeWriter inner, Func<ValueTask> end) : PipeWriter
{
    private int _completed;

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    /// <summary>Whether the end of the stream was passed on.</summary>
    public bool IsEnded { get; private set; }

    public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);

    public override void Advance(int bytes) => inner.Advance(bytes);

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        var flush = inner.FlushAsync(cancellationToken);
        return flush.IsCompletedSuccessfully ? flush : FinishAsync(flush);
    }

    public override void Complete(Exception? exception = null) => _ = CompleteAsync(exception).AsTask();

    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (Interlocked.Exchange(ref _completed, 1) != 0 || exception is not null) return;
        if ((await FlushAsync()).IsCompleted) return;
        try
        {
            IsEnded = true;
            await end();
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or InvalidOperationException)
        {
            // Lost in the meantime, which the input tells.
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<FlushResult> FinishAsync(ValueTask<FlushResult> flush)
    {
        try
        {
            return await flush;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return new(isCanceled: false, isCompleted: true);
        }
    }
}
