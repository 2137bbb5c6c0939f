using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;

namespace SocketSync;

/// <summary>
/// Reads a stream ahead of whoever uses the link, without a thread of its own: what it brings is handled on the thread that
/// has seen it, and others there are given their turn.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Neither ever made a wait handle or a timer, and a read that nothing ends may outlive the link.")]
internal sealed class StreamInput
{
    private const int BufferBytes = 16384;

    private readonly Pipe _pipe = new(LinkPipe.Options);
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly CancellationTokenSource _stopping = new();
    private bool _completed;

    public StreamInput(Stream source) => Left = RunAsync(source);

    public PipeReader Reader => _pipe.Reader;

    /// <summary>Ends with the stream: with what it threw, or <see langword="null"/> at its end or once completed.</summary>
    public Task<Exception?> Left { get; }

    /// <summary>Completes <see cref="Reader"/> and ends the read that is pending, where the system can.</summary>
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

        await _stopping.CancelAsync();
    }

    private async Task<Exception?> RunAsync(Stream source)
    {
        // Not the pipe's own memory, which goes back to its pool when the pipe is completed during a read.
        var buffer = new byte[BufferBytes];
        try
        {
            // Counted here and not by a budget, which begins anew when whoever takes the bytes charges its own.
            for (var inARow = 0; ;)
            {
                var read = source.ReadAsync(buffer, _stopping.Token);
                if (!read.IsCompleted) inARow = 0;
                var count = await read;
                if (count == 0 || !await PassAsync(buffer.AsMemory(0, count))) return null;
                if ((inARow += WorkBudget.SystemCall + count) < WorkBudget.Limit) continue;
                inARow = 0;
                await WorkBudget.GiveWay();
            }
        }
        catch (Exception e)
        {
            return _completed ? null : e;
        }
    }

    private async ValueTask<bool> PassAsync(ReadOnlyMemory<byte> bytes)
    {
        await _writing.WaitAsync();
        try
        {
            if (_completed) return false;
            var result = await _pipe.Writer.WriteAsync(bytes);
            return !result.IsCompleted && !result.IsCanceled;
        }
        finally
        {
            _writing.Release();
        }
    }
}
