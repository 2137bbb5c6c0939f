using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>
/// Passes each request to the device behind a link, and its reply back. A reply never reaches another client: unasked bytes are
/// discarded before each request, and after a timeout or a cancelled turn the link is retired before the next turn. Only on a line
/// where a late reply tells its unit the link goes on: the next request to that unit first waits for it (<see cref="LateReplies"/>).
/// A request is never written twice, unless it only reads and the link was lost before any byte of a reply, or a serial line's
/// reads are asked again (<see cref="LinkOptions.ReadRetries"/>).
/// </summary>
/// <remarks>
/// Two timeouts bound a request: <see cref="LinkOptions.ReplyTimeout"/> the device's, from the first byte of the request written to
/// the reply complete, and <see cref="GateOptions.TurnTimeout"/> the client's turn with everything in it. Either one wakes the pending
/// read or flush. If the protocol has no ids, bytes that the device sends unasked after a request was written are taken for its reply.
/// <see cref="LinkOptions.RequestInterval"/> makes that less likely.
/// </remarks>
internal sealed partial class RelayProcessor : IRequestProcessor, IResourceRecovery, ILinkedProcessor, IAsyncDisposable
{
    private readonly IReadOnlyDictionary<string, ILinkProtocol> _protocols;
    private readonly TimeProvider _time;
    private readonly Deadline _replyDeadline;
    private readonly Deadline _quietDeadline;
    private readonly LineEcho _echo = new();
    private readonly LateReplies _late;
    private readonly RestingUnits _resting;
    private readonly Action _cutUnfinished;
    private PipeReader? _reading;
    private TaskCompletionSource? _flushOver;
    private long _writeBeganAt;
    private TimeSpan _silence;
    private long _exchangeEndedAt;
    private bool _isQuiet;
    private bool _hasBegun;
    private bool _takesEcho;
    private string? _loss;
    private IOpenLink? _link;
    private volatile bool _wasCut;

    /// <param name="manager">Keeps the link to the device.</param>
    /// <param name="protocols">How to talk to the device, for the clients of each listener.</param>
    /// <param name="time">Measures the reply's time.</param>
    /// <param name="cache">Keeps replies to reads.</param>
    public RelayProcessor(LinkManager manager, IReadOnlyDictionary<string, ILinkProtocol> protocols, TimeProvider time, ReadCache? cache = null)
    {
        Manager = manager;
        Cache = cache;
        _protocols = protocols;
        _time = time;
        _late = new LateReplies(time);
        _cutUnfinished = CutUnfinished;
        _resting = new RestingUnits(time);
        _replyDeadline = new Deadline(time, Wake);
        _quietDeadline = new Deadline(time, Wake);
    }

    public LinkManager Manager { get; }

    public bool NeedsRecovery { get; private set; }

    public IReadOnlyList<int> RestingUnits => _resting.List(Manager.Options.Rest);

    /// <inheritdoc/>
    public Outcome? RefusalOf(Client client, in ReadOnlySequence<byte> request) =>
        _resting.IsAnySilent && _protocols[client.Listener].UnitOf(request) is { } unit && _resting.Rests(unit, Manager.Options.Rest) ? Outcome.Timeout : null;

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var protocol = _protocols[context.Client.Listener];
        if (protocol.UnitOf(context.Request) is not { } unit)
        {
            try
            {
                await ProcessAsync(context, protocol, unit: null, cancellationToken);
            }
            finally
            {
                context.EndLine();
            }

            return;
        }

        if (!_resting.TryBegin(unit, Manager.Options.Rest))
        {
            context.Outcome = Outcome.Timeout;
            return;
        }

        bool? hasAnswered = null;
        try
        {
            hasAnswered = await ProcessAsync(context, protocol, unit, cancellationToken);
        }
        finally
        {
            _resting.End(unit, hasAnswered, Manager.Options.Rest);
        }

        if (context.Outcome == Outcome.Unavailable)
            StandIn(protocol, context);
    }

    /// <inheritdoc/>
    /// <remarks>Throws nothing: the manager repairs the link.</remarks>
    public async ValueTask RecoverAsync()
    {
        NeedsRecovery = false;
        var (lost, silence) = (_loss, _silence);
        (_loss, _silence) = (null, TimeSpan.Zero);
        await Manager.RetireAsync(lost, silence);
    }

    public async ValueTask DisposeAsync()
    {
        await Manager.DisposeAsync();
        _replyDeadline.Dispose();
        _quietDeadline.Dispose();
    }

    /// <returns>Whether the device has answered; <see langword="null"/> if it was not asked, or the link was lost.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool?> ProcessAsync(RequestContext context, ILinkProtocol protocol, byte? unit, CancellationToken cancellationToken)
    {
        if (context.Request.Length > Manager.Link.DatagramBytes)
        {
            context.Outcome = Outcome.Failed;
            return null;
        }

        BeginTries(protocol, context.Request, unit);
        for (var mayRepeat = protocol.IsRead(context.Request); ;)
        {
            IOpenLink? link;
            try
            {
                link = await TakeAsync(context, unit, cancellationToken);
            }
            catch (OperationCanceledException) when (_try != Try.First)
            {
                context.Outcome = Outcome.Timeout;
                return false;
            }

            if (link is null)
            {
                context.Outcome = Outcome.Unavailable;
                return null;
            }

            _loss = null;
            _link = link;
            _wasCut = false;
            context.BeginLine(link);
            ForgetReads(protocol, context.Request);
            if (!context.TryGuard(_cutUnfinished))
            {
                Manager.ReleaseUnused();
                context.Outcome = Outcome.Timeout;
                return _try == Try.First ? null : false;
            }

            ExchangeResult result;
            try
            {
                result = await ExchangeAsync(link, protocol, context, cancellationToken);
            }
            catch
            {
                await Manager.CutAsync(); // the place in its stream is unknown
                await RetireAsync();
                throw;
            }

            if (_wasCut)
                result = ExchangeResult.NotWritten;
            switch (result)
            {
                case ExchangeResult.Done:
                    if (_anotherMayCome)
                        _late.Expect(unit!.Value, MaxDelayOfReply());
                    Manager.Release();
                    return true;

                case ExchangeResult.NotWritten:
                    context.Outcome = Outcome.Timeout;
                    await Manager.CutAsync(); // before the client is told
                    await RetireAsync();
                    return null;

                case ExchangeResult.NoReply or ExchangeResult.Damaged or ExchangeResult.DamagedReply:
                    if (unit is { } late && Manager.Link.KeepsLateBytes)
                    {
                        if (result != ExchangeResult.DamagedReply)
                            _late.Expect(late, MaxDelayOfReply()); // the late reply will tell its unit
                        if (MayAskAgain(late, result, cancellationToken))
                            continue;
                        context.Outcome = Outcome.Timeout;
                        Manager.Release();
                    }
                    else
                    {
                        context.Outcome = Outcome.Timeout;
                        _silence = MaxDelayOfReply();
                        await RetireAsync();
                    }

                    // The unit might have answered in its time.
                    return context.InTurn is (_, { IsCutShort: true }) ? null : false;
            }

            context.Outcome = cancellationToken.IsCancellationRequested ? Outcome.Timeout : Outcome.Unavailable;
            mayRepeat &= result == ExchangeResult.LostBeforeReply && !cancellationToken.IsCancellationRequested;
            if (!mayRepeat)
            {
                await RetireAsync();
                return null;
            }

            mayRepeat = false;
            await RecoverAsync();
            context.Outcome = Outcome.Ok;
        }
    }

    /// <summary>
    /// How long the reply to the current request may still come: ReplyTimeout. If the turn was cut before ReplyTimeout was over, by
    /// an operator for instance, what is left of it is added. Otherwise a reply that is in time would go to the next client.
    /// </summary>
    private TimeSpan MaxDelayOfReply()
    {
        var timeout = Manager.Options.ReplyTimeout;
        var left = timeout - _time.GetElapsedTime(_writeBeganAt);
        return left > TimeSpan.Zero ? timeout + left : timeout;
    }

    /// <summary>Retires the link. Purging a line takes seconds, for which the client does not wait.</summary>
    private async ValueTask RetireAsync()
    {
        NeedsRecovery = Manager.Link.KeepsLateBytes;
        if (!NeedsRecovery)
            await RecoverAsync();
    }

    /// <summary>
    /// Takes the link, when no late reply of the same unit can come any more and the pause that the device needs is over. If the
    /// device is away, there is no pause.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<IOpenLink?> TakeAsync(RequestContext context, byte? unit, CancellationToken cancellationToken)
    {
        while (true)
        {
            var link = await Manager.TakeAsync(context.Work, cancellationToken);
            if (link is null)
                return null;
            if (_try != Try.AtOnce && unit is { } asked && _late.Remaining(asked) is { } silence)
            {
                if (await Manager.AwaitSilenceAsync(link, silence, cancellationToken))
                    _late.Forget(asked);
                if (_try == Try.First && context.InTurn is (var gate, var turn))
                    gate.Restart(turn); // this time was spent on an earlier request
                continue;
            }

            if (Pause() is not { } pause)
                return link;
            try
            {
                await Task.Delay(pause, _time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                Manager.ReleaseUnused();
                throw;
            }
        }
    }

    private TimeSpan? Pause()
    {
        var interval = Manager.Options.RequestInterval;
        if (Manager.Link.FrameGap > interval)
            interval = Manager.Link.FrameGap;
        if (interval == TimeSpan.Zero || _exchangeEndedAt == 0)
            return null;
        var pause = interval - _time.GetElapsedTime(_exchangeEndedAt);
        return pause > TimeSpan.Zero ? TimeSpan.FromMilliseconds(Math.Ceiling(pause.TotalMilliseconds)) : null;
    }

    /// <summary>The turn's time is over, and its client is about to be told: what is not written by now must never be written.</summary>
    private void CutUnfinished()
    {
        if (_link is not { HasUnfinishedWrite: true })
            return;
        _wasCut = true;
        Manager.CutAsync().AsTask().Observe();
    }

    /// <summary>Wakes the pending read or flush of the exchange, which then finds that its time is over.</summary>
    private void Wake()
    {
        _reading?.CancelPendingRead();
        Volatile.Read(ref _flushOver)?.TrySetResult();
    }
}
