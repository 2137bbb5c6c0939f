using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>
/// The output of any kind of link. A flush tells of a lost link in the same way for all kinds. After a flush that was given up,
/// nothing more is written. Completing it passes the end of the stream on, and what the device still sends can be read.
/// </summary>
/// <param name="inner">Where the bytes go.</param>
/// <param name="end">Passes the end of the stream on. Called at most once, after everything was flushed.</param>
internal sealed class LinkOutput(PipeWriter inner, Func<ValueTask> end) : PipeWriter
{
    private readonly PooledBuffer _watched = new();
    private Memory<byte> _memory;
    private int _completed;
    private volatile bool _isPending;

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    /// <summary>
    /// The term in which the link is used, if several nodes share the resource. It is asked right before each write: between the
    /// grant of a turn and this moment the process may have been stopped, and another node may own the device by now.
    /// </summary>
    public Term? Term { get; set; }

    /// <summary>Is told what each flush sends, if the link is watched. To be set before anything is written.</summary>
    public DeviceWatch? Watch { get; set; }

    /// <summary>Whether the end of the stream was passed on.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>
    /// Whether something was written that the system has not taken whole: a flush is under way, was given up, has failed, or was
    /// never started. If the link were used again, it would send this before the next request.
    /// </summary>
    public bool IsUnfinished => _isPending || inner.UnflushedBytes > 0;

    // A pending write reads the writer's memory, so nothing else may be written or flushed.
    private PipeWriter Usable => _isPending ? throw new LinkException("an earlier write to the link is unfinished") : inner;

    public override Memory<byte> GetMemory(int sizeHint = 0) =>
        Watch is null ? Usable.GetMemory(sizeHint) : _memory = Usable.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => Watch is null ? Usable.GetSpan(sizeHint) : GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        if (Watch is { IsBothWatched: true })
        {
            _memory.Span[..bytes].CopyTo(_watched.GetSpan(bytes));
            _watched.Advance(bytes);
        }

        Usable.Advance(bytes);
    }

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    /// <param name="cancellationToken">
    /// Ends the wait, even if the write itself goes on. The link must then be closed, which ends the write.
    /// </param>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (_isPending || Term is { IsValid: false })
            return new(new FlushResult(isCanceled: false, isCompleted: true));
        _isPending = true;
        TellWatchers();
        var flush = inner.FlushAsync(cancellationToken);
        return flush.IsCompletedSuccessfully ? new(Ended(flush.Result)) : FinishAsync(flush, cancellationToken);
    }

    public override void Complete(Exception? exception = null) => CompleteAsync(exception).AsTask().Observe();

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
            // The link is lost; the input tells that.
        }
    }

    private void TellWatchers()
    {
        if (_watched.Length == 0) return;
        Watch!.Told(_watched.Written.Span);
        _watched.Clear();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<FlushResult> FinishAsync(ValueTask<FlushResult> flush, CancellationToken cancellationToken)
    {
        var written = WriteAsync(flush);
        var result = cancellationToken.CanBeCanceled ? await written.AsTask().WaitAsync(cancellationToken) : await written;
        cancellationToken.ThrowIfCancellationRequested();
        return Ended(result);
    }

    /// <summary>Throws nothing, since it may go on after everybody has stopped waiting for it.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<FlushResult> WriteAsync(ValueTask<FlushResult> flush)
    {
        try
        {
            return await flush;
        }
        catch (Exception)
        {
            return new(isCanceled: false, isCompleted: true);
        }
    }

    private FlushResult Ended(FlushResult result)
    {
        _isPending = result.IsCanceled || result.IsCompleted;
        return result;
    }
}
