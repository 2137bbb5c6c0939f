using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// The shared thing itself: one processor behind one gate. A request is taken through its turn here, from the line to the
/// end, and nowhere else is a turn ended: <see cref="TakeTurn"/> encloses all that may touch the resource.
/// </summary>
internal sealed class SharedProcessor : IAsyncDisposable
{
    private IRequestProcessor _processor = null!; // until Start
    private IImmediateProcessor? _immediate;
    private ILinkedProcessor? _linked;

    /// <param name="name">The resource's name.</param>
    /// <param name="registration">Which processor it names.</param>
    /// <param name="processor"><see langword="null"/> where <see cref="Start"/> brings it.</param>
    /// <param name="gate">Decides whose turn it is.</param>
    /// <param name="watch">Tells those who watch.</param>
    /// <param name="logger">Where it is told what becomes of requests.</param>
    /// <param name="time">Measures how often.</param>
    public SharedProcessor(
        string name,
        ProcessorRegistration registration,
        IRequestProcessor? processor,
        Gate gate,
        ResourceWatch watch,
        ILogger logger,
        TimeProvider? time = null)
    {
        Watch = watch;
        Name = name;
        ProcessorName = registration.Name;
        NeverBlocks = registration.NeverBlocks;
        Gate = gate;
        Log = new ResourceLog(name, registration.Name, time ?? TimeProvider.System, logger);
        if (processor is not null) Start(processor);
    }

    /// <summary>The resource's name.</summary>
    public string Name { get; }

    public string ProcessorName { get; }

    /// <summary>Whether its processor may run on a thread that moves bytes.</summary>
    public bool NeverBlocks { get; }

    /// <summary>Whether its replies are there when the call returns; it then neither fails nor converses.</summary>
    public bool IsImmediate => _immediate is not null;

    public Gate Gate { get; }

    /// <summary>Tells those who watch.</summary>
    public ResourceWatch Watch { get; }

    /// <summary>Tells of requests that were refused or failed.</summary>
    public ResourceLog Log { get; }

    /// <summary>The link to the device behind it, where there is one.</summary>
    public LinkManager? Link => _linked?.Manager;

    /// <summary>The Modbus units behind it that do not answer and are not asked for a while.</summary>
    public IReadOnlyList<int> RestingUnits => _linked?.RestingUnits ?? [];

    /// <summary>Whether the server counts as ready only while this can be served.</summary>
    public bool IsRequired { get; set; } = true;

    /// <summary>Gives it its processor, before anybody is let in who could ask it for anything.</summary>
    public void Start(IRequestProcessor processor)
    {
        _processor = processor;
        _immediate = processor as IImmediateProcessor;
        _linked = processor as ILinkedProcessor;
    }

    /// <summary>Takes one request into the line and through its turn.</summary>
    /// <param name="client">Whose it is.</param>
    /// <param name="arrivedAt">When it arrived, where that is known.</param>
    /// <returns>
    /// How the request ended. Known before the processor has left where the turn's time is over: the context then stays
    /// with the processor.
    /// </returns>
    public ValueTask<Outcome> ServeAsync(ITurnTaker client, long? arrivedAt)
    {
        var turn = client.Turn;
        if (_linked?.RefusalOf(turn.Client, client.Request) is { } refused)
            return new(refused);
        var admission = Gate.Enter(turn, arrivedAt);
        if (!admission.IsCompletedSuccessfully)
            return WaitAsync(client, turn, admission);
        var outcome = admission.Result;
        return outcome == Outcome.Ok ? TakeTurn(client, turn, hasWaited: false) : new(outcome);
    }

    public async ValueTask DisposeAsync()
    {
        var isInside = Gate.GetStatus().Holder is not null;
        Gate.Dispose();
        Log.Dispose();
        if (isInside)
            return; // it ignores that its time is over; what it uses is not taken from under it
        if (_processor is IAsyncDisposable asyncDisposable)
            await asyncDisposable.DisposeAsync();
        else
            (_processor as IDisposable)?.Dispose();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Outcome> WaitAsync(ITurnTaker client, Turn turn, ValueTask<Outcome> admission)
    {
        try
        {
            client.BeginWait();
        }
        catch
        {
            // It cannot wait, and so leaves; but it may have been granted the turn already.
            Gate.Leave(turn);
            if (await admission == Outcome.Ok)
                Gate.End(turn, Outcome.Abandoned);
            throw;
        }

        var outcome = await admission;
        if (outcome == Outcome.Ok)
            return await TakeTurn(client, turn, hasWaited: true);
        return client.EndWait() ? outcome : Outcome.Abandoned;
    }

    /// <summary>The turn was granted: whatever happens in it, it is ended here, once, when the processor has really left.</summary>
    private ValueTask<Outcome> TakeTurn(ITurnTaker client, Turn turn, bool hasWaited)
    {
        if (_immediate is not null)
            return new(AnswerAtOnce(client, turn, hasWaited));

        var verdict = turn.Verdict.Task;
        _ = ProcessAsync(client, turn, hasWaited); // it throws nothing, and tells by the verdict
        return verdict;
    }

    private Outcome AnswerAtOnce(ITurnTaker client, Turn turn, bool hasWaited)
    {
        var outcome = Outcome.Failed;
        try
        {
            if (hasWaited && !client.EndWait())
            {
                outcome = Outcome.Abandoned;
            }
            else
            {
                var request = client.Request;
                var reply = _immediate!.Answer(request);
                client.Reply = reply;
                outcome = Outcome.Ok;
                if (Watch.IsRead)
                    (turn.RequestBytes, turn.ReplyBytes) = (request.Length, reply.Length);
                if (Watch.IsTraced)
                {
                    Watch.Requested(turn.Client, request);
                    Watch.Replied(turn.Client, reply);
                }
            }
        }
        finally
        {
            outcome = Gate.EndAtOnce(turn, outcome);
        }

        return outcome;
    }

    private async Task ProcessAsync(ITurnTaker client, Turn turn, bool hasWaited)
    {
        var outcome = Outcome.Failed;
        try
        {
            if (hasWaited && !client.EndWait())
            {
                outcome = Outcome.Abandoned;
                return;
            }

            var context = client.OpenContext();
            if (!NeverBlocks)
                await ProcessorThread.SwitchTo();
            if (Watch.IsTraced)
                Watch.Requested(context.Client, context.Request);
            context.InTurn = (Gate, turn);
            outcome = await TryProcessAsync(turn, context);
            if (Watch.IsTraced && outcome == Outcome.Ok && !turn.IsOutstayed)
                Watch.Replied(context.Client, new(context.ReplyBuffer.Written));
            if (Watch.IsRead)
                (turn.RequestBytes, turn.ReplyBytes) = (context.ReceivedBytes, context.SentBytes + context.ReplyBuffer.Length);
            if (_processor is IResourceRecovery { NeedsRecovery: true } recovery)
            {
                Gate.Settle(turn, outcome);
                await recovery.RecoverAsync();
            }
        }
        catch (Exception exception)
        {
            Log.TurnFailed(exception, turn.Client);
        }
        finally
        {
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
                Log.Failed(exception, context.Client);
            return Outcome.Failed;
        }
    }
}
