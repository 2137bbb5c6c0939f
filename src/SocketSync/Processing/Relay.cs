using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>
/// Passes each request on to the device behind a link, and its reply back. A reply never crosses: after a timeout or a
/// cancelled turn the link is retired before the next turn, and what nobody asked for is discarded before each request.
/// A request is never written twice, unless it only reads and the link died before any byte of a reply.
/// </summary>
/// <remarks>
/// Where the protocol carries no identity, bytes that the device sends unasked after a request was written are taken for its
/// reply; <see cref="LinkOptions.RequestInterval"/> makes that less likely.
/// </remarks>
internal sealed partial class Relay : IRequestProcessor, IResourceRecovery, ILinkedProcessor, IAsyncDisposable
{
    private readonly IReadOnlyDictionary<string, ILinkProtocol> _protocols;
    private readonly TimeProvider _time;
    private readonly Deadline _replyDeadline;
    private readonly Deadline _quietDeadline;
    private readonly LocalEcho _echo = new();
    private readonly LateReplies _late;
    private readonly RestingUnits _resting;
    private readonly Action _cutUnfinished;
    private PipeReader? _reading;
    private TaskCompletionSource? _flushOver;
    private long _writtenAt;
    private TimeSpan _silence;
    private long _lastReplyAt;
    private bool _isQuiet;
    private bool _hasBegun;
    private bool _takesEcho;
    private string? _loss;
    private IOpenLink? _link;
    private volatile bool _wasCut;

    /// <param name="keeper">Keeps the link to the device.</param>
    /// <param name="protocols">How to speak to it for the clients of each listener.</param>
    /// <param name="time">Measures the reply's time.</param>
    public Relay(LinkKeeper keeper, IReadOnlyDictionary<string, ILinkProtocol> protocols, TimeProvider time)
    {
        Keeper = keeper;
        _protocols = protocols;
        _time = time;
        _late = new LateReplies(time);
        _cutUnfinished = CutUnfinished;
        _resting = new RestingUnits(time);
        _replyDeadline = new Deadline(time, Wake);
        _quietDeadline = new Deadline(time, Wake);
    }

    public LinkKeeper Keeper { get; }

    public bool NeedsRecovery { get; private set; }

    public IReadOnlyList<int> RestingUnits => _resting.List(Keeper.Options.Rest);

    /// <inheritdoc/>
    public Outcome? Refusal(Client client, in ReadOnlySequence<byte> request) =>
        _resting.IsAnySilent && _protocols[client.Listener].UnitOf(request) is { } unit && _resting.Rests(unit, Keeper.Options.Rest) ? Outcome.Timeout : null;

    public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var protocol = _protocols[context.Client.Listener];
        if (protocol.UnitOf(context.Request) is not { } unit)
        {
            await ProcessAsync(context, protocol, unit: null, cancellationToken);
            return;
        }

        if (!_resting.TryBegin(unit, Keeper.Options.Rest))
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
            _resting.End(unit, hasAnswered, Keeper.Options.Rest);
        }
    }

    /// <inheritdoc/>
    /// <remarks>Throws nothing: what is wrong with the link is the keeper's to mend.</remarks>
    public async ValueTask RecoverAsync()
    {
        NeedsRecovery = false;
        var (lost, silence) = (_loss, _silence);
        (_loss, _silence) = (null, TimeSpan.Zero);
        await Keeper.RetireAsync(lost, silence);
    }

    public async ValueTask DisposeAsync()
    {
        await Keeper.DisposeAsync();
        _replyDeadline.Dispose();
        _quietDeadline.Dispose();
    }

    /// <returns>Whether the device has answered; <see langword="null"/> where it could not.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool?> ProcessAsync(RequestContext context, ILinkProtocol protocol, byte? unit, CancellationToken cancellationToken)
    {
        for (var mayRepeat = protocol.IsRead(context.Request); ; mayRepeat = false)
        {
            if (await TakeAsync(context, unit, cancellationToken) is not { } link)
            {
                context.Outcome = Outcome.Unavailable;
                return null;
            }

            _loss = null;
            _link = link;
            _wasCut = false;
            if (!context.TryGuard(_cutUnfinished))
            {
                Keeper.GiveBack();
                context.Outcome = Outcome.Timeout;
                return null;
            }

            Ending ending;
            try
            {
                ending = await ExchangeAsync(link, protocol, context, cancellationToken);
            }
            catch
            {
                await Keeper.CutAsync(); // nobody knows where in its stream it is
                await RetireAsync();
                throw;
            }

            if (_wasCut)
                ending = Ending.NotTaken;
            switch (ending)
            {
                case Ending.Done:
                    Keeper.Release();
                    return true;

                case Ending.NotTaken:
                    context.Outcome = Outcome.Timeout;
                    await Keeper.CutAsync(); // before the client is told
                    await RetireAsync();
                    return null;

                case Ending.NoReply:
                    context.Outcome = Outcome.Timeout;
                    if (unit is { } late && Keeper.Link.IsDrained)
                    {
                        _late.Expect(late, Lateness()); // which will tell whose it is
                        Keeper.Release();
                    }
                    else
                    {
                        _silence = Lateness();
                        await RetireAsync();
                    }

                    return false;
            }

            context.Outcome = cancellationToken.IsCancellationRequested ? Outcome.Timeout : Outcome.Unavailable;
            mayRepeat &= ending == Ending.DiedSilent && !cancellationToken.IsCancellationRequested;
            if (!mayRepeat)
            {
                await RetireAsync();
                return null;
            }

            await RecoverAsync();
            context.Outcome = Outcome.Ok;
        }
    }

    /// <summary>
    /// How long the reply to the request in hand may still come: ReplyTimeout, and where the turn was cut before that was over,
    /// by an operator for instance, what is left of it on top. Else a reply in its own good time would be the next client's.
    /// </summary>
    private TimeSpan Lateness()
    {
        var timeout = Keeper.Options.ReplyTimeout;
        var left = timeout - _time.GetElapsedTime(_writtenAt);
        return left > TimeSpan.Zero ? timeout + left : timeout;
    }

    /// <summary>The link is to be opened afresh; a line that is drained first takes seconds, which are not the client's.</summary>
    private async ValueTask RetireAsync()
    {
        NeedsRecovery = Keeper.Link.IsDrained;
        if (!NeedsRecovery)
            await RecoverAsync();
    }

    /// <summary>
    /// Takes the link, once a late reply of the same unit cannot come any more and the pause that the device wants has passed;
    /// one that is away costs no pause.
    /// </summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<IOpenLink?> TakeAsync(RequestContext context, byte? unit, CancellationToken cancellationToken)
    {
        while (true)
        {
            var link = await Keeper.TakeAsync(context.Work, cancellationToken);
            if (link is null)
                return null;
            if (unit is { } asked && _late.Remaining(asked) is { } silence)
            {
                if (await Keeper.AwaitSilenceAsync(link, silence, cancellationToken))
                    _late.Forget(asked);
                if (context.InTurn is (var gate, var turn))
                    gate.Restart(turn); // the wait was for an earlier request
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
                Keeper.GiveBack();
                throw;
            }
        }
    }

    private TimeSpan? Pause()
    {
        var interval = Keeper.Options.RequestInterval;
        if (Keeper.Link.Turnaround > interval)
            interval = Keeper.Link.Turnaround;
        if (interval == TimeSpan.Zero || _lastReplyAt == 0)
            return null;
        var pause = interval - _time.GetElapsedTime(_lastReplyAt);
        return pause > TimeSpan.Zero ? TimeSpan.FromMilliseconds(Math.Ceiling(pause.TotalMilliseconds)) : null;
    }

    /// <summary>The turn's time is over, and its client is about to be told: what it has not written by now it never will.</summary>
    private void CutUnfinished()
    {
        if (_link is not { HasUnfinishedWrite: true })
            return;
        _wasCut = true;
        _ = Keeper.CutAsync().AsTask();
    }

    private void Wake()
    {
        _reading?.CancelPendingRead();
        Volatile.Read(ref _flushOver)?.TrySetResult();
    }
}
