using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;

namespace SocketSync;

/// <summary>
/// Reads a stream whose reads block, on a thread of its own: one of the pool's would be kept for as long as the link is
/// open. What it brings is handled on that thread.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The thread may outlive the link, and a semaphore that never made a wait handle holds nothing.")]
internal sealed class BlockingInput
{
    private const int BufferBytes = 16384;

    private readonly Pipe _pipe = new(LinkPipe.Options);
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly TaskCompletionSource<Exception?> _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Stream _source;
    private bool _completed;

    public BlockingInput(Stream source, string name)
    {
        _source = source;
        new Thread(Run) { IsBackground = true, Name = name }.Start();
    }

    public PipeReader Reader => _pipe.Reader;

    /// <summary>Ends with the stream: with what it threw, or <see langword="null"/> at its end.</summary>
    public Task<Exception?> Left => _left.Task;

    /// <summary>Completes <see cref="Reader"/>, also while the thread is still in a read that nothing ends.</summary>
    public async ValueTask CompleteAsync(Exception? exception)
    {
        _pipe.Writer.CancelPendingFlush();
        await _writing.WaitAsync();
        try
        {
            if (_completed) return;
            _completed = true;
            await _pipe.Writer.CompleteAsync(exception);
        }
        finally
        {
            _writing.Release();
        }
    }

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
        _writing.Wait();
        try
        {
            if (_completed) return false;
            _pipe.Writer.Write(bytes);
            var flush = _pipe.Writer.FlushAsync();
            var result = flush.IsCompletedSuccessfully ? flush.Result : flush.AsTask().GetAwaiter().GetResult();
            return !result.IsCompleted && !result.IsCanceled;
        }
        finally
        {
            _writing.Release();
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
