using System.Buffers;
using System.IO.Pipelines;

namespace SocketSync;

/// <summary>
/// Reads a pipe ahead of whoever uses it, on the thread that brings the bytes, and does something with them on the way.
/// </summary>
/// <param name="source">Is read by nobody else.</param>
/// <param name="options">How far to read ahead; as far as a link's input if not given.</param>
internal abstract class PipedInput(PipeReader source, PipeOptions? options = null) : LinkInput(options)
{
    private Task<Exception?> _left = Task.FromResult<Exception?>(null);

    public override Task<Exception?> Left => _left;

    /// <summary>To be called once, when the object is made.</summary>
    protected void Start() => _left = RunAsync();

    /// <summary>Writes what is to be read of these bytes.</summary>
    protected abstract void Pass(ReadOnlySpan<byte> bytes, PipeWriter to);

    /// <summary>Called when bytes were passed, and before more are read.</summary>
    /// <returns><see langword="false"/> to read no more.</returns>
    protected virtual ValueTask<bool> PassedAsync() => new(true);

    private async Task<Exception?> RunAsync()
    {
        Exception? error = null;
        try
        {
            // Counted here and not by a budget, which would start again when the consumer of the bytes charges its own.
            for (long inARow = 0; ;)
            {
                var read = source.ReadAsync();
                if (!read.IsCompleted) inARow = 0;
                var result = await read;
                var length = result.Buffer.Length;
                var isTaken = await PassAsync(result.Buffer) && await PassedAsync();
                source.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted || result.IsCanceled || !isTaken) break;
                if ((inARow += WorkBudget.SystemCall + length) < WorkBudget.Limit) continue;
                inARow = 0;
                await Dispatcher.Yield();
            }
        }
        catch (Exception e)
        {
            error = IsCompleted ? null : e; // closed here, or lost
        }

        await CompleteAsync(error);
        return error;
    }

    private async ValueTask<bool> PassAsync(ReadOnlySequence<byte> bytes)
    {
        await Writing.WaitAsync();
        try
        {
            if (IsCompleted) return false;
            foreach (var segment in bytes) Pass(segment.Span, Writer);
            var result = await Writer.FlushAsync();
            return !result.IsCompleted;
        }
        finally
        {
            Writing.Release();
        }
    }
}
