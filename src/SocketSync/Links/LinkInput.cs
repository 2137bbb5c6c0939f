using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;

namespace SocketSync;

/// <summary>Reads a stream ahead of whoever uses the link.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore that never made a wait handle holds nothing, and a read that nothing ends may outlive the link.")]
internal abstract class LinkInput(PipeOptions? options = null)
{
    protected const int BufferBytes = 16384;

    private readonly Pipe _pipe = new(options ?? LinkPipe.Options);

    public PipeReader Reader => _pipe.Reader;

    /// <summary>Completes when the stream ends: with what it threw, or <see langword="null"/> at its end.</summary>
    public abstract Task<Exception?> Left { get; }

    protected PipeWriter Writer => _pipe.Writer;

    /// <summary>Held while the pipe is written to or completed.</summary>
    protected SemaphoreSlim Writing { get; } = new(1, 1);

    protected bool IsCompleted { get; private set; }

    /// <summary>Completes <see cref="Reader"/>, even while a read that nothing ends is still pending.</summary>
    public virtual async ValueTask CompleteAsync(Exception? exception)
    {
        _pipe.Writer.CancelPendingFlush();
        await Writing.WaitAsync();
        try
        {
            if (IsCompleted) return;
            IsCompleted = true;
            await _pipe.Writer.CompleteAsync(exception);
        }
        finally
        {
            Writing.Release();
        }
    }

    /// <summary>Completes <see cref="Reader"/> when the stream has ended.</summary>
    /// <param name="description">The link's <see cref="ILink.Description"/>.</param>
    public async Task CompleteAtEndAsync(string description)
    {
        var error = await Left;
        await CompleteAsync(error is null ? null : LinkException.Of(description, error));
    }
}

/// <summary>
/// Reads a stream without a thread of its own: what it brings is handled on the thread that has read it, and others on that
/// thread get their turn.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The source never made a timer, and a read that nothing ends may outlive the link.")]
internal sealed class StreamInput : LinkInput
{
    private readonly CancellationTokenSource _stopping = new();

    public StreamInput(Stream source) => Left = RunAsync(source);

    /// <summary>As for any input; also <see langword="null"/> once it was completed.</summary>
    public override Task<Exception?> Left { get; }

    /// <summary>Also ends the pending read, if the system can.</summary>
    public override async ValueTask CompleteAsync(Exception? exception)
    {
        await base.CompleteAsync(exception);
        await _stopping.CancelAsync();
    }

    private async Task<Exception?> RunAsync(Stream source)
    {
        // Not the pipe's own memory, which goes back to its pool when the pipe is completed during a read.
        var buffer = new byte[BufferBytes];
        try
        {
            // Counted here and not by a budget, which would start again when the consumer of the bytes charges its own.
            for (var inARow = 0; ;)
            {
                var read = source.ReadAsync(buffer, _stopping.Token);
                if (!read.IsCompleted) inARow = 0;
                var count = await read;
                if (count == 0 || !await PassAsync(buffer.AsMemory(0, count))) return null;
                if ((inARow += WorkBudget.SystemCall + count) < WorkBudget.Limit) continue;
                inARow = 0;
                await Dispatcher.Yield();
            }
        }
        catch (Exception e)
        {
            return IsCompleted ? null : e;
        }
    }

    private async ValueTask<bool> PassAsync(ReadOnlyMemory<byte> bytes)
    {
        await Writing.WaitAsync();
        try
        {
            if (IsCompleted) return false;
            var result = await Writer.WriteAsync(bytes);
            return !result.IsCompleted && !result.IsCanceled;
        }
        finally
        {
            Writing.Release();
        }
    }
}

/// <summary>
/// Reads a stream whose reads block, on a thread of its own: otherwise a thread of the pool would be blocked for as long as the
/// link is open. What it brings is handled on that thread.
/// </summary>
internal sealed class BlockingInput : LinkInput
{
    private readonly TaskCompletionSource<Exception?> _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Stream _source;

    public BlockingInput(Stream source, string name)
    {
        _source = source;
        new Thread(Run) { IsBackground = true, Name = name }.Start();
    }

    public override Task<Exception?> Left => _left.Task;

    private void Run()
    {
        // Not the pipe's own memory, which goes back to its pool when the pipe is completed during a read.
        var buffer = new byte[BufferBytes];
        try
        {
            int count;
            do count = _source.Read(buffer);
            while (count > 0 && Pass(buffer.AsSpan(0, count)));
            _left.SetResult(null);
        }
        catch (Exception e)
        {
            _left.SetResult(e);
        }
    }

    private bool Pass(ReadOnlySpan<byte> bytes)
    {
        Writing.Wait();
        try
        {
            if (IsCompleted) return false;
            Writer.Write(bytes);
            var flush = Writer.FlushAsync();
            var result = flush.IsCompletedSuccessfully ? flush.Result : flush.AsTask().GetAwaiter().GetResult();
            return !result.IsCompleted && !result.IsCanceled;
        }
        finally
        {
            Writing.Release();
        }
    }
}

/// <summary>How the pipes of links are set.</summary>
internal static class LinkPipe
{
    /// <summary>More than this is left in the system, and so with the device.</summary>
    public const int MaxReadAhead = 1 << 20;

    public static PipeOptions Options { get; } = new(
        readerScheduler: PipeScheduler.Inline,
        writerScheduler: PipeScheduler.Inline,
        pauseWriterThreshold: MaxReadAhead,
        resumeWriterThreshold: MaxReadAhead / 2,
        useSynchronizationContext: false);
}
