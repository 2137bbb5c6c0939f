using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// A shared resource: one processor behind one gate. Takes each request from the queue through its turn, and is the only place
/// where a turn ends: <see cref="RunTurnAsync"/>, or <see cref="RunTurn"/>, encloses all code that may use the resource.
/// </summary>
internal sealed partial class SharedResource : IAsyncDisposable
{
    private IRequestProcessor _processor = null!; // set by Start
    private IImmediateProcessor? _immediate;
    private ILinkedProcessor? _linked;
    private volatile AccessList? _access;

    /// <param name="name">The resource's name.</param>
    /// <param name="registration">The processor that the resource names.</param>
    /// <param name="processor">The processor instance; <see langword="null"/> if <see cref="Start"/> sets it later.</param>
    /// <param name="gate">Grants the turns.</param>
    /// <param name="telemetry">Publishes requests and turns to observers.</param>
    /// <param name="logger">The log for refused and failed requests.</param>
    /// <param name="time">Measures the period of the log throttle.</param>
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

    /// <summary>Whether the processor may run on the I/O thread.</summary>
    public bool NeverBlocks { get; }

    /// <summary>Whether the processor returns its replies synchronously; it then neither fails nor converses.</summary>
    public bool IsImmediate => _immediate is not null;

    public TurnGate Gate { get; }

    /// <summary>Publishes requests and turns to observers.</summary>
    public ResourceTelemetry Telemetry { get; }

    /// <summary>Logs requests that were refused or failed.</summary>
    public ResourceLog Log { get; }

    /// <summary>The link to the resource's device, if there is one.</summary>
    public LinkManager? Link => _linked?.Manager;

    /// <summary>The Modbus units behind the link that do not answer and get no requests for a while.</summary>
    public IReadOnlyList<int> RestingUnits => _linked?.RestingUnits ?? [];

    /// <summary>Whether the server is ready only while this resource can be served.</summary>
    public bool IsRequired { get; set; } = true;

    /// <summary>Those who see what passes on the link; <see langword="null"/> if no listener is for watchers.</summary>
    public DeviceWatch? Watch { get; init; }

    /// <summary>Who may ask for what; <see langword="null"/>: everybody for everything. May change at run time.</summary>
    public AccessList? Access { get => _access; set => _access = value; }

    /// <summary>Whether there is a processor: in a cluster, only at the node that owns the resource.</summary>
    public bool IsStarted => _processor is not null;

    /// <summary>Sets the processor, before any client is accepted.</summary>
    public void Start(IRequestProcessor processor)
    {
        _processor = processor;
        _immediate = processor as IImmediateProcessor;
        _linked = processor as ILinkedProcessor;
        _cache = _linked?.Cache;
        if (_linked is not null) _linked.Manager.Watch = Watch;
    }

    /// <summary>Takes one request through the queue and its turn.</summary>
    /// <param name="client">The client that sent the request.</param>
    /// <param name="arrivedAt">When the request arrived, if known.</param>
    /// <returns>
    /// The outcome of the request. If the turn times out it is known before the processor has returned: the context then stays with
    /// the processor.
    /// </returns>
    public ValueTask<Outcome> ServeAsync(IResourceClient client, long? arrivedAt)
    {
        if (_access is { } access && client.Access?.RefusalOf(access, client.Request) is { } denied)
            return AtOnce(client, denied);
        if (_linked?.RefusalOf(client.Turn.Client, client.Request) is { } refused)
            return AtOnce(client, refused);
        return _cache is { IsOn: true } cache ? ServeAsync(client, cache, arrivedAt) : EnterAsync(client, arrivedAt);
    }

    /// <summary>Takes work of the host's own code through the queue and its turn.</summary>
    /// <returns>The outcome, when the work has returned.</returns>
    public ValueTask<Outcome> RunAsync(IResourceClient client) => EnterAsync(client, arrivedAt: null);

    public async ValueTask DisposeAsync()
    {
        var isInside = Gate.GetStatus().Holder is not null;
        Gate.Dispose();
        Log.Dispose();
        Watch?.Dispose();
        if (isInside)
            return; // the processor ignores its cancellation; do not dispose what it still uses
        if (!MovesBetweenNodes || _term is not null)
            await DisposeProcessorAsync();
    }

    private async ValueTask DisposeProcessorAsync()
    {
        if (_processor is IAsyncDisposable asyncDisposable)
            await asyncDisposable.DisposeAsync();
        else
            (_processor as IDisposable)?.Dispose();
    }

    /// <summary>The request is over without a turn. If its client has a lease, it is not silent.</summary>
    private ValueTask<Outcome> AtOnce(IResourceClient client, Outcome outcome)
    {
        if (client.Turn.State == TurnState.Leased)
            Gate.Touch(client.Turn);
        if (outcome != Outcome.Cached)
            Telemetry.Refused(client.Turn.Client, outcome, queuedAt: null, client.Request);
        return new(outcome);
    }

    private ValueTask<Outcome> EnterAsync(IResourceClient client, long? arrivedAt)
    {
        var turn = client.Turn;
        var admission = Gate.Enter(turn, arrivedAt, client.MayWait);
        if (!admission.IsCompletedSuccessfully)
            return WaitAsync(client, turn, admission);
        var outcome = admission.Result;
        if (outcome == Outcome.Ok)
            return TakeTurn(client, turn, hasWaited: false);
        Telemetry.Refused(turn.Client, outcome, queuedAt: null, client.Request);
        return new(outcome);
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
            // The request cannot wait, so it leaves the queue; but it may have been granted the turn already.
            Gate.Leave(turn);
            if (await admission == Outcome.Ok)
                Gate.End(turn, Outcome.Abandoned);
            throw;
        }

        var outcome = await admission;
        if (outcome == Outcome.Ok)
            return await TakeTurn(client, turn, hasWaited: true);
        var queuedAt = turn.ArrivedAt;
        if (!client.EndWait())
        {
            Telemetry.Refused(turn.Client, Outcome.Abandoned, queuedAt, request: default); // its client is gone, and so may its bytes be
            return Outcome.Abandoned;
        }

        if (outcome != Outcome.Cached)
            Telemetry.Refused(turn.Client, outcome, queuedAt, client.Request);
        return outcome;
    }

    /// <summary>Runs a granted turn. Returns its end for an immediate processor, otherwise its verdict.</summary>
    private ValueTask<Outcome> TakeTurn(IResourceClient client, Turn turn, bool hasWaited)
    {
        if (_immediate is { } immediate && turn.Work is null)
            return new(RunTurn(immediate, client, turn, hasWaited));

        var verdict = turn.Verdict.Task;
        var running = RunTurnAsync(client, turn, hasWaited);
        return EndsWithin(turn) ? running : verdict; // on a timeout the verdict comes before the end
    }

    /// <summary>
    /// Runs the turn from its grant to its end: whatever happens, the turn is ended here, once, when the processor has really returned.
    /// Never throws.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Outcome> RunTurnAsync(IResourceClient client, Turn turn, bool hasWaited)
    {
        var outcome = Outcome.Failed; // if anything below throws
        try
        {
            outcome = RefusalInTurn(client, hasWaited)
                ?? (turn.Work is { } work ? await WorkAsync(work, turn) : await ProcessAsync(client.OpenContext(), turn));
        }
        catch (Exception exception)
        {
            Log.TurnFailed(exception, turn.Client);
        }
        finally
        {
            End(turn, outcome, isAwaited: !EndsWithin(turn));
        }

        return turn.Decided;
    }

    /// <summary>The same as <see cref="RunTurnAsync"/> for an immediate processor: a plain call, which allocates nothing.</summary>
    private Outcome RunTurn(IImmediateProcessor processor, IResourceClient client, Turn turn, bool hasWaited)
    {
        var outcome = Outcome.Failed; // if anything below throws
        try
        {
            outcome = RefusalInTurn(client, hasWaited) ?? Answer(processor, client, turn);
        }
        catch (Exception exception)
        {
            Log.TurnFailed(exception, turn.Client);
        }
        finally
        {
            End(turn, outcome, isAwaited: false);
        }

        return turn.Decided;
    }

    /// <summary>Why a request that has its turn does not reach the processor; <see langword="null"/> if it does.</summary>
    private Outcome? RefusalInTurn(IResourceClient client, bool hasWaited)
    {
        if (hasWaited && !client.EndWait())
            return Outcome.Abandoned;
        return _term is { IsValid: false } ? Outcome.Unavailable : null; // another node may own it by now
    }

    /// <summary>Whether the client waits for the end of its turn, and not for the verdict.</summary>
    private bool EndsWithin(Turn turn) => IsImmediate || turn.Work is not null;

    /// <summary>
    /// The host's code may block, whatever the processor does. What follows here does not stay in the context of the pool, as it would
    /// by another kind of task: a client that never blocks may be continued by the end of this turn.
    /// </summary>
    private static async Task<Outcome> WorkAsync(Func<CancellationToken, ValueTask<Outcome>> work, Turn turn)
    {
        await Dispatcher.SwitchToPool();
        return turn.CompletedEarly ? Outcome.Timeout : await work(turn.Cancelled);
    }

    private void End(Turn turn, Outcome outcome, bool isAwaited)
    {
        try
        {
            Gate.End(turn, outcome, isAwaited);
        }
        catch (InvalidOperationException exception)
        {
            Log.TurnFailed(exception, turn.Client); // a bug, of which the gate has let nothing come
        }
    }

    private Outcome Answer(IImmediateProcessor processor, IResourceClient client, Turn turn)
    {
        var request = client.Request;
        var reply = processor.Answer(request);
        client.Reply = reply;
        if (Telemetry.HasReaders)
            (turn.RequestBytes, turn.ReplyBytes) = (request.Length, reply.Length);
        if (Telemetry.IsTraced)
        {
            turn.Payload = Telemetry.Requested(turn.Client, request, turn.Payload);
            turn.Payload = Telemetry.Replied(turn.Client, reply, turn.Payload);
        }

        return Outcome.Ok;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Outcome> ProcessAsync(RequestContext context, Turn turn)
    {
        if (!NeverBlocks)
            await Dispatcher.SwitchToPool();
        if (Telemetry.IsTraced)
            turn.Payload = Telemetry.Requested(context.Client, context.Request, turn.Payload);
        context.InTurn = (Gate, turn);
        context.Epoch = _term?.Epoch ?? 0;
        Outcome outcome;
        try
        {
            // If the turn timed out while it waited for a pool thread, the request is not processed.
            if (!turn.CompletedEarly)
                await _processor.ProcessAsync(context, turn.Cancelled);
            outcome = context.Outcome;
        }
        catch (Exception exception)
        {
            // A processor that ends because it was cancelled has not failed.
            if (!turn.CompletedEarly || exception is not OperationCanceledException)
                Log.Failed(exception, context.Client);
            outcome = Outcome.Failed;
        }

        if (Telemetry.IsTraced && outcome.IsAnswered() && !turn.CompletedEarly)
            turn.Payload = Telemetry.Replied(context.Client, new(context.ReplyBuffer.Written), turn.Payload);
        if (Telemetry.HasReaders)
            (turn.RequestBytes, turn.ReplyBytes) = (context.ReceivedBytes, context.SentBytes + context.ReplyBuffer.Length);
        if (_processor is IResourceRecovery { NeedsRecovery: true } recovery)
        {
            Gate.CompleteEarly(turn, outcome);
            await recovery.RecoverAsync();
        }

        return outcome;
    }
}
