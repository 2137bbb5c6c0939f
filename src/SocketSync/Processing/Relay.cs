using System.Buffers;
using System.IO.Pipelines;

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
internal sealed class Relay : IRequestProcessor, IResourceRecovery, ILinkedProcessor, IAsyncDisposable
{
    private readonly IReadOnlyDictionary<string, ILinkProtocol> _protocols;
    private readonly TimeProvider _time;
    private readonly Deadline _replyDeadline;
    private readonly Deadline _quietDeadline;
    private PipeReader? _reading;
    private long _lastReplyAt;
    private bool _isQuiet;
    private string? _loss;

    /// <param name="keeper">Keeps the link to the device.</param>
    /// <param name="protocols">How to speak to it for the clients of each listener.</param>
    /// <param name="time">Measures the reply's time.</param>
    public Relay(LinkKeeper keeper, IReadOnlyDictionary<string, ILinkProtocol> protocols, TimeProvider time)
    {
        Keeper = keeper;
        _protocols = protocols;
        _time = time;
        _replyDeadline = new Deadline(time, Wake);
        _quietDeadline = new Deadline(time, Wake);
        keeper.Start();
    }

    public LinkKeeper Keeper { get; }

    public bool NeedsRecovery { get; private set; }

    public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var request = context.Request;
        var protocol = _protocols[context.Client.Listener];
        for (var mayRepeat = protocol.IsRead(request); ; mayRepeat = false)
        {
            if (await TakeAsync(cancellationToken) is not { } link)
            {
                context.Outcome = Outcome.Unavailable;
                return;
            }

            var exchange = await ExchangeAsync(link, protocol, request, context.Reply, cancellationToken);
            if (exchange == Ending.Done)
            {
                Keeper.Release();
                return;
            }

            context.Outcome = exchange == Ending.TooLate ? Outcome.Timeout : Outcome.Unavailable;
            if (exchange == Ending.TooLate && Keeper.Link.IsDrained)
            {
                NeedsRecovery = true; // takes seconds, which are not the client's
                return;
            }

            await Keeper.RetireAsync(exchange == Ending.TooLate ? null : _loss);
            cancellationToken.ThrowIfCancellationRequested();
            if (exchange != Ending.DiedSilent || !mayRepeat)
                return;
            context.Outcome = Outcome.Ok;
        }
    }

    public async ValueTask RecoverAsync()
    {
        NeedsRecovery = false;
        await Keeper.RetireAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Keeper.DisposeAsync();
        _replyDeadline.Dispose();
        _quietDeadline.Dispose();
    }

    private async ValueTask<Ending> ExchangeAsync(
        IOpenLink link, ILinkProtocol protocol, ReadOnlySequence<byte> request, IBufferWriter<byte> reply, CancellationToken cancellationToken)
    {
        var hasBegun = false;
        _loss = "the device has closed the link before its reply was complete";
        _reading = link.Input;
        var cancelled = cancellationToken.UnsafeRegister(static relay => ((Relay)relay!).Wake(), this);
        try
        {
            protocol.WriteRequest(request, link.Output);
            _replyDeadline.Set(Keeper.Options.ReplyTimeout);
            if ((await FlushAsync(link.Output)).IsCompleted)
                return Ending.DiedSilent;
            if (!protocol.ExpectsReply(request))
                return Ending.Done;

            for (var searched = 0L; ;)
            {
                var result = await link.Input.ReadAsync(CancellationToken.None);
                hasBegun |= !result.Buffer.IsEmpty;
                var hasGrown = result.Buffer.Length > searched;
                var isSilent = result.IsCompleted || (_isQuiet && _quietDeadline.Passed);
                var found = Find(protocol, request, result.Buffer, searched, isSilent, out var rest);
                if (found.Status == ReplyStatus.Complete)
                {
                    protocol.WriteReply(request, rest.Slice(0, found.Length), reply);
                    link.Input.AdvanceTo(rest.GetPosition(found.Length));
                    return Ending.Done;
                }

                link.Input.AdvanceTo(rest.Start, rest.End);
                if (found.Status == ReplyStatus.Lost)
                    _loss = null; // the device is there, though it makes no sense
                if (found.Status == ReplyStatus.Lost || result.IsCompleted)
                    return hasBegun ? Ending.Died : Ending.DiedSilent;
                if (_replyDeadline.Passed || cancellationToken.IsCancellationRequested)
                    return Ending.TooLate;
                searched = rest.Length;
                if (found.Status == ReplyStatus.EndsBySilence && hasGrown)
                    _quietDeadline.Set(Keeper.Options.ReplyQuietTime);
                _isQuiet = found.Status == ReplyStatus.EndsBySilence;
            }
        }
        catch (TimeoutException)
        {
            return Ending.TooLate; // the device takes nothing
        }
        catch (Exception exception) when (LinkKeeper.IsLoss(exception))
        {
            _loss = exception.Message;
            return cancellationToken.IsCancellationRequested ? Ending.TooLate : hasBegun ? Ending.Died : Ending.DiedSilent;
        }
        finally
        {
            await cancelled.DisposeAsync();
            _replyDeadline.Clear();
            _quietDeadline.Clear();
            _isQuiet = false;
            _lastReplyAt = _time.GetTimestamp();
        }
    }

    /// <summary>Discards what does not answer the request, and finds what does.</summary>
    private ReplyResult Find(
        ILinkProtocol protocol, in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> buffer, long searched, bool isSilent, out ReadOnlySequence<byte> rest)
    {
        rest = buffer;
        while (!rest.IsEmpty)
        {
            var found = protocol.FindReply(request, rest, searched, isSilent);
            if (found.Status != ReplyStatus.Foreign)
                return found;
            Keeper.CountDiscarded(found.Length);
            rest = rest.Slice(found.Length);
            searched = 0;
        }

        return ReplyResult.Incomplete;
    }

    private async ValueTask<FlushResult> FlushAsync(PipeWriter output)
    {
        // A device that takes nothing is too late too; cancelled by the link being retired.
        var flush = output.FlushAsync();
        return flush.IsCompletedSuccessfully ? flush.Result : await flush.AsTask().WaitAsync(Keeper.Options.ReplyTimeout, _time);
    }

    /// <summary>Takes the link, once the pause that the device wants has passed; one that is away costs no pause.</summary>
    private async ValueTask<IOpenLink?> TakeAsync(CancellationToken cancellationToken)
    {
        var link = await Keeper.TakeAsync(cancellationToken);
        if (link is null || Pause() is not { } pause)
            return link;

        try
        {
            await Task.Delay(pause, _time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Keeper.Release(); // nothing was written
            throw;
        }

        return await Keeper.TakeAsync(cancellationToken); // and rid of what came meanwhile
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

    private void Wake() => _reading?.CancelPendingRead();

    private enum Ending
    {
        Done,

        /// <summary>No whole reply within ReplyTimeout, or the turn is over.</summary>
        TooLate,

        /// <summary>The link was lost after the reply had begun.</summary>
        Died,

        /// <summary>The link was lost before any byte of a reply.</summary>
        DiedSilent,
    }
}
