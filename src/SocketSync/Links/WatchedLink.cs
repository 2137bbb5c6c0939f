using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;

namespace SocketSync;

/// <summary>
/// An open link that is watched: what the device sends is read at once, passed on to the watchers, and kept for whoever uses the link
/// next. Only resources with a listener for watchers have one.
/// </summary>
internal sealed class WatchedLink : IOpenLink
{
    private readonly IOpenLink _link;
    private readonly DeviceWatch _watch;
    private readonly WatchedInput _input;

    public WatchedLink(IOpenLink link, DeviceWatch watch)
    {
        (_link, _watch) = (link, watch);
        if (link.Output is LinkOutput output)
            output.Watch = watch;
        _input = new WatchedInput(link.Input, watch);
    }

    public PipeReader Input => _input.Reader;

    public PipeWriter Output => _link.Output;

    public bool IsEnded => _link.IsEnded;

    public async ValueTask DisposeAsync()
    {
        await _link.DisposeAsync(); // ends the pending read
        await _input.CompleteAsync(null);
        _watch.Ended();
    }
}

/// <summary>Reads a link's input ahead of whoever uses it, on the thread that brings the bytes.</summary>
[SuppressMessage("Design", "CA1001", Justification = "As for any link's input: nothing in it needs to be disposed of.")]
internal sealed class WatchedInput : LinkInput
{
    public WatchedInput(PipeReader source, DeviceWatch watch) => Left = RunAsync(source, watch);

    public override Task<Exception?> Left { get; }

    private async Task<Exception?> RunAsync(PipeReader source, DeviceWatch watch)
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
                var isTaken = await PassAsync(result.Buffer, watch);
                source.AdvanceTo(result.Buffer.End);
                if (result.IsCompleted || !isTaken) break;
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

    private async ValueTask<bool> PassAsync(ReadOnlySequence<byte> bytes, DeviceWatch watch)
    {
        await Writing.WaitAsync();
        try
        {
            if (IsCompleted) return false;
            foreach (var segment in bytes)
            {
                watch.Said(segment.Span);
                Writer.Write(segment.Span);
            }

            var result = await Writer.FlushAsync();
            return !result.IsCompleted && !result.IsCanceled;
        }
        finally
        {
            Writing.Release();
        }
    }
}
