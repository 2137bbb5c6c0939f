using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// The shared thing itself: one processor behind one gate. A request is taken through its turn here, from the line to the
/// end, and a turn is ended nowhere else: <see cref="RunTurnAsync"/> encloses all that may touch the resource.
/// </summary>
internal sealed class SharedResource : IAsyncDisposable
{
    private IRequestProcessor _processor = null!; // until Start
    private IImmediateProcessor? _immediate;
    private ILinkedProcessor? _linked;

    /// <param name="name">The resource's name.</param>
    /// <param name="registration">Which processor it names.</param>
    /// <param name="processor"><see langword="null"/> where <see cref="Start"/> brings it.</param>
    /// <param name="gate">Decides whose turn it is.</param>
    /// <param name="telemetry">Tells those who watch.</param>
    /// <param name="logger">Where it is told what becomes of requests.</param>
    /// <param name="time">Measures how often.</param>
    public SharedResource(
        string name,
        ProcessorRegistration registration,
        IRequestProcessor? processor,
        TurnGate gate,
        ResourceTelemetry telemetry,
        ILogger logger,
        TimeProvider? time = null)
    {
        Telemetry = telemetry;
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

    public TurnGate Gate { get; }

    /// <summary>Tells those who watch.</summary>
    public ResourceTelemetry Telemetry { get; }

    /// <summary>Tells of requests that were refused or failed.</summary>
    public ResourceLog Log { get; }

    /// <summary>The link to the device behind it, where there is one.</summary>
    public LinkKeeper? Link => _linked?.Keeper;

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
    public ValueTask<Outcome> ServeAsync(IResourceClient client, long? arrivedAt)
    {
        var turn = client.Turn;
        if (_linked?.Refusal(turn.Client, client.Request) is { } refused)
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
    private async ValueTask<Outcome> WaitAsync(IResourceClient client, Turn turn, ValueTask<Outcome> admission)
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

    /// <summary>The turn was granted. A client of a processor that answers at once has its outcome with the end of the turn.</summary>
    private ValueTask<Outcome> TakeTurn(IResourceClient client, Turn turn, bool hasWaited)
    {
        var verdict = turn.Verdict.Task;
        var running = RunTurnAsync(client, turn, hasWaited);
        return IsImmediate ? running : verdict; // the verdict may come before the end: where the turn's time is over
    }

    /// <summary>
    /// The turn, from its grant to its end: whatever happens in it, it is ended here, once, when the processor has really left. Where
    /// the processor answers at once this completes synchronously and allocates nothing. Throws nothing.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Outcome> RunTurnAsync(IResourceClient client, Turn turn, bool hasWaited)
    {
        var outcome = Outcome.Failed;
        try
        {
            outcome = hasWaited && !client.EndWait() ? Outcome.Abandoned
                : _immediate is { } immediate ? Answer(immediate, client, turn)
                : await ProcessAsync(client.OpenContext(), turn);
        }
        catch (Exception exception)
        {
            Log.TurnFailed(exception, turn.Client);
        }
        finally
        {
            Gate.End(turn, outcome, isAwaited: !IsImmediate);
        }

        return turn.Decided;
    }

    private Outcome Answer(IImmediateProcessor processor, IResourceClient client, Turn turn)
    {
        var request = client.Request;
        var reply = processor.Answer(request);
        client.Reply = reply;
        if (Telemetry.IsRead)
            (turn.RequestBytes, turn.ReplyBytes) = (request.Length, reply.Length);
        if (Telemetry.IsTraced)
        {
            Telemetry.Requested(turn.Client, request);
            Telemetry.Replied(turn.Client, reply);
        }

        return Outcome.Ok;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Outcome> ProcessAsync(RequestContext context, Turn turn)
    {
        if (!NeverBlocks)
            await Dispatcher.SwitchToPool();
        if (Telemetry.IsTraced)
            Telemetry.Requested(context.Client, context.Request);
        context.InTurn = (Gate, turn);
        var outcome = await TryProcessAsync(context, turn);
        if (Telemetry.IsTraced && outcome == Outcome.Ok && !turn.CompletedEarly)
            Telemetry.Replied(context.Client, new(context.ReplyBuffer.Written));
        if (Telemetry.IsRead)
            (turn.RequestBytes, turn.ReplyBytes) = (context.ReceivedBytes, context.SentBytes + context.ReplyBuffer.Length);
        if (_processor is IResourceRecovery { NeedsRecovery: true } recovery)
        {
            Gate.CompleteEarly(turn, outcome);
            await recovery.RecoverAsync();
        }

        return outcome;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Outcome> TryProcessAsync(RequestContext context, Turn turn)
    {
        try
        {
            // Told that its time is over while it waited for a thread: then it is not processed any more.
            if (!turn.CompletedEarly)
                await _processor.ProcessAsync(context, turn.Cancelled);
            return context.Outcome;
        }
        catch (Exception exception)
        {
            // A processor that ends because it was told to has not failed.
            if (!turn.CompletedEarly || exception is not OperationCanceledException)
                Log.Failed(exception, context.Client);
            return Outcome.Failed;
        }
    }
}

/// <summary>
/// A client as the resource sees it: it is told that its request waits, it is asked for the request when it has the turn, and it
/// gets the reply. All calls for one request come one after the other.
/// </summary>
internal interface IResourceClient
{
    /// <summary>Its place in line, then its turn.</summary>
    Turn Turn { get; }

    /// <summary>The request, before it stands in line, and in its turn for a processor that answers at once; valid until the outcome was told.</summary>
    ReadOnlySequence<byte> Request { get; }

    /// <summary>What such a processor has replied.</summary>
    ReadOnlySequence<byte> Reply { set; }

    /// <summary>The request is in line. Followed by exactly one <see cref="EndWait"/>.</summary>
    void BeginWait();

    /// <summary>The wait is over: granted, then this is called inside the turn; or refused.</summary>
    /// <returns><see langword="false"/>: it has gone, and its request is not to be processed.</returns>
    bool EndWait();

    /// <summary>The request, in its turn, for a processor that takes its time.</summary>
    RequestContext OpenContext();
}
