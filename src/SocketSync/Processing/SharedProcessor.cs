using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// The shared thing itself: one processor behind one gate. All that may touch the resource goes through
/// <see cref="Process"/>, and only with a turn.
/// </summary>
internal sealed partial class SharedProcessor : IAsyncDisposable
{
    private readonly IRequestProcessor _processor;
    private readonly IImmediateProcessor? _immediate;
    private readonly ILogger _logger;

    public SharedProcessor(string name, ProcessorRegistration registration, IRequestProcessor processor, Gate gate, ResourceWatch watch, ILogger logger)
    {
        Watch = watch;
        Name = name;
        ProcessorName = registration.Name;
        NeverBlocks = registration.NeverBlocks;
        _processor = processor;
        _immediate = processor as IImmediateProcessor;
        Gate = gate;
        _logger = logger;
    }

    /// <summary>The resource's name.</summary>
    public string Name { get; }

    public string ProcessorName { get; }

    /// <summary>Whether its processor may run on a thread that moves bytes.</summary>
    public bool NeverBlocks { get; }

    /// <summary>Whether requests are to go through <see cref="Answer"/>, else through <see cref="Process"/>.</summary>
    public bool IsImmediate => _immediate is not null;

    public Gate Gate { get; }

    /// <summary>Tells those who watch.</summary>
    public ResourceWatch Watch { get; }

    /// <summary>The link to the device behind it, where there is one.</summary>
    public LinkKeeper? Link => (_processor as ILinkedProcessor)?.Keeper;

    /// <summary>Runs the processor in a turn that was granted, and ends the turn when it has really left.</summary>
    /// <returns>
    /// How the request ended. Known before the processor has left where the turn's time is over: the context then stays
    /// with the processor.
    /// </returns>
    public ValueTask<Outcome> Process(Turn turn, RequestContext context)
    {
        var verdict = turn.Verdict.Task;
        if (NeverBlocks)
            _ = RunAsync(turn, context);
        else
            ProcessorThread.Start(static state => ((QueuedRun)state!).Start(), new QueuedRun(this, turn, context));
        return verdict;
    }

    /// <summary>Has the request answered in a turn that was granted, and ends the turn.</summary>
    /// <returns>How the request ended; only where that is Ok, <paramref name="reply"/> is to be sent.</returns>
    public Outcome Answer(Turn turn, in ReadOnlySequence<byte> request, out ReadOnlySequence<byte> reply)
    {
        var outcome = Outcome.Failed;
        try
        {
            reply = _immediate!.Answer(request);
            outcome = Outcome.Ok;
            if (Watch.IsRead)
                (turn.RequestBytes, turn.ReplyBytes) = (request.Length, reply.Length);
            if (Watch.IsTraced)
            {
                Watch.Requested(turn.Client, request);
                Watch.Replied(turn.Client, reply);
            }
        }
        finally
        {
            outcome = Gate.EndAtOnce(turn, outcome);
        }

        return outcome;
    }

    public async ValueTask DisposeAsync()
    {
        var isInside = Gate.GetStatus().Holder is not null;
        Gate.Dispose();
        if (isInside)
            return; // it ignores that its time is over; what it uses is not taken from under it
        if (_processor is IAsyncDisposable asyncDisposable)
            await asyncDisposable.DisposeAsync();
        else
            (_processor as IDisposable)?.Dispose();
    }

    private async Task RunAsync(Turn turn, RequestContext context)
    {
        var outcome = Outcome.Failed;
        try
        {
            if (Watch.IsTraced)
                Watch.Requested(context.Client, context.Request);
            outcome = await TryProcessAsync(turn, context);
            if (Watch.IsTraced && outcome == Outcome.Ok && !turn.IsOutstayed)
                Watch.Replied(context.Client, new(context.ReplyBuffer.Written));
            if (_processor is IResourceRecovery { NeedsRecovery: true } recovery)
            {
                Gate.Settle(turn, outcome);
                await recovery.RecoverAsync();
            }
        }
        finally
        {
            if (Watch.IsRead)
                (turn.RequestBytes, turn.ReplyBytes) = (context.ReceivedBytes, context.SentBytes + context.ReplyBuffer.Length);
            // Also where the log itself throws, as it may on an exception whose Message does.
            Gate.End(turn, outcome);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Outcome> TryProcessAsync(Turn turn, RequestContext context)
    {
        try
        {
            // Told that its time is over while it waited for a thread: then it is not processed any more.
            if (!turn.IsOutstayed)
                await _processor.ProcessAsync(context, turn.Cancelled);
            return context.Outcome;
        }
        catch (Exception exception)
        {
            // A processor that ends because it was told to has not failed.
            if (!turn.IsOutstayed || exception is not OperationCanceledException)
                LogFailed(_logger, Name, ProcessorName, context.Client.Id, exception);
            return Outcome.Failed;
        }
    }

    [LoggerMessage(300, LogLevel.Error, "Resource {Resource}: processor {Processor} failed on a request of {ConnectionId}")]
    private static partial void LogFailed(ILogger logger, string resource, string processor, string connectionId, Exception exception);

    private sealed class QueuedRun(SharedProcessor shared, Turn turn, RequestContext context)
    {
        public void Start() => _ = shared.RunAsync(turn, context);
    }
}
