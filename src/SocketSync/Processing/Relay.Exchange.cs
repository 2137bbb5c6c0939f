using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>One request to the device, and its reply.</summary>
internal sealed partial class Relay
{
    /// <summary>What looking for a reply may cost at most beyond the bytes that are found.</summary>
    private const int Search = 2 * WorkBudget.Frame;

    private enum Ending
    {
        Done,

        /// <summary>Written whole, but no whole reply within ReplyTimeout, or the turn is over.</summary>
        NoReply,

        /// <summary>The device did not take the whole request within ReplyTimeout, or before the turn was over.</summary>
        NotTaken,

        /// <summary>The link was lost after the reply had begun.</summary>
        Died,

        /// <summary>The link was lost before any byte of a reply.</summary>
        DiedSilent,
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Ending> ExchangeAsync(IOpenLink link, ILinkProtocol protocol, RequestContext context, CancellationToken cancellationToken)
    {
        _hasBegun = false;
        _reading = link.Input;
        var cancelled = cancellationToken.UnsafeRegister(static relay => ((Relay)relay!).Wake(), this);
        try
        {
            Write(protocol, context.Request, link.Output);
            _writtenAt = _time.GetTimestamp();
            _replyDeadline.Set(Keeper.Options.ReplyTimeout);
            return (await FlushAsync(link.Output, cancellationToken)).IsCompleted ? Lost(UnaskedInput.ClosedByDevice)
                : protocol.ExpectsReply(context.Request) ? await ReadReplyAsync(link.Input, protocol, context, cancellationToken)
                : await ReadEchoAsync(link.Input, cancellationToken);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            return Ending.NotTaken;
        }
        catch (Exception exception) when (LinkKeeper.IsLoss(exception))
        {
            return Lost(exception.Message);
        }
        finally
        {
            await cancelled.DisposeAsync();
            _replyDeadline.Clear();
            _quietDeadline.Clear();
            _flushOver = null;
            _isQuiet = false;
            _echo.Clear();
            _lastReplyAt = _time.GetTimestamp();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Ending> ReadReplyAsync(PipeReader input, ILinkProtocol protocol, RequestContext context, CancellationToken cancellationToken)
    {
        var request = context.Request;
        var work = context.Work;
        for (long searched = 0, foreign = 0; ;)
        {
            var result = await input.ReadAsync(CancellationToken.None);
            var rest = result.Buffer;
            var news = rest.Length - searched;
            _hasBegun |= !rest.IsEmpty;
            if (_echo.IsAwaited && Compare(ref rest, searched))
                searched = 0;

            var found = ReplyResult.Incomplete;
            var discarded = 0L;
            while (!rest.IsEmpty && !(_echo.IsAwaited && _takesEcho))
            {
                found = protocol.FindReply(request, rest, searched, result.IsCompleted || (_isQuiet && _quietDeadline.Passed));
                if (found.Status != ReplyStatus.Foreign)
                    break;
                discarded += found.Length;
                rest = rest.Slice(found.Length);
                searched = 0;
                var isEnough = work.Charge(Search + found.Length);
                found = ReplyResult.Incomplete;
                if (!isEnough)
                    continue;
                await WorkBudget.GiveWay();
                if (IsOver(cancellationToken))
                    break;
            }

            foreign += discarded;
            Keeper.CountDiscarded(discarded);
            if (found.Status == ReplyStatus.Complete)
            {
                protocol.WriteReply(request, rest.Slice(0, found.Length), context.Reply);
                input.AdvanceTo(rest.GetPosition(found.Length));
                TellEcho(isEcho: foreign >= _echo.Returned);
                return Ending.Done;
            }

            if (found.Status != ReplyStatus.Lost && !result.IsCompleted && IsOver(cancellationToken))
            {
                input.AdvanceTo(rest.End);
                Keeper.CountDiscarded(rest.Length);
                TellEcho(isEcho: true);
                return Ending.NoReply;
            }

            input.AdvanceTo(rest.Start, rest.End);
            if (found.Status == ReplyStatus.Lost)
                return _hasBegun ? Ending.Died : Ending.DiedSilent; // the device is there, though it makes no sense
            if (result.IsCompleted)
                return Lost("the device has closed the link before its reply was complete");
            if (found.Status == ReplyStatus.EndsBySilence && news > 0)
                _quietDeadline.Set(Keeper.Options.ReplyQuietTime);
            _isQuiet = found.Status == ReplyStatus.EndsBySilence;
            searched = rest.Length;
            if (work.Charge(WorkBudget.SystemCall + news))
                await WorkBudget.GiveWay();
        }
    }

    /// <summary>Takes away what comes back of a request that has no reply, lest it be taken for the next one's.</summary>
    private async ValueTask<Ending> ReadEchoAsync(PipeReader input, CancellationToken cancellationToken)
    {
        for (var searched = 0L; _takesEcho && _echo.IsAwaited;)
        {
            var result = await input.ReadAsync(CancellationToken.None);
            var rest = result.Buffer;
            Compare(ref rest, searched);
            if (result.IsCompleted)
            {
                input.AdvanceTo(rest.End);
                return Ending.Done; // it was written, and nothing more is asked
            }

            searched = rest.Length;
            if (!_echo.IsAwaited)
            {
                input.AdvanceTo(rest.Start);
            }
            else if (IsOver(cancellationToken))
            {
                input.AdvanceTo(rest.End);
                TellEcho(isEcho: true);
                break;
            }
            else
            {
                input.AdvanceTo(rest.Start, rest.End);
            }
        }

        return Ending.Done;
    }

    private void Write(ILinkProtocol protocol, in ReadOnlySequence<byte> request, PipeWriter output)
    {
        _takesEcho = Keeper.Options.LocalEcho;
        if (Keeper.Link.IsDrained && (_takesEcho || (protocol.IsRead(request) && !Keeper.Log.HasToldOfEcho)))
            _echo.Write(protocol, request, output);
        else
            protocol.WriteRequest(request, output);
    }

    /// <summary>
    /// Compares what has come newly with what was written. Where the line's adapter is said to echo, all of that is taken away
    /// once it is here.
    /// </summary>
    /// <returns>Whether what is left is to be looked at from its beginning.</returns>
    private bool Compare(ref ReadOnlySequence<byte> rest, long searched)
    {
        var isSame = _echo.Compare(rest.Slice(searched));
        if (!_takesEcho || _echo.IsAwaited)
            return false;
        if (isSame)
            rest = rest.Slice(_echo.Returned);
        else
            Keeper.Log.EchoMissing();
        return true;
    }

    /// <param name="isEcho">What came back is not the reply itself, which may be the same bytes.</param>
    private void TellEcho(bool isEcho)
    {
        if (_takesEcho && _echo.IsAwaited)
            Keeper.Log.EchoMissing();
        else if (!_takesEcho && isEcho && _echo.HasReturned)
            Keeper.Log.EchoSeen();
    }

    private bool IsOver(CancellationToken cancellationToken) => _replyDeadline.Passed || cancellationToken.IsCancellationRequested;

    private Ending Lost(string why)
    {
        _loss = why;
        return _hasBegun ? Ending.Died : Ending.DiedSilent;
    }

    /// <summary>A device that takes nothing is too late too.</summary>
    private async ValueTask<FlushResult> FlushAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        var flush = output.FlushAsync(cancellationToken);
        if (flush.IsCompletedSuccessfully)
            return flush.Result;

        // By the deadline that was set before a byte was written: a timer of its own would begin to count only now.
        var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _flushOver, over);
        if (IsOver(cancellationToken))
            over.TrySetResult();
        var flushing = flush.AsTask();
        return await Task.WhenAny(flushing, over.Task) == flushing ? await flushing : throw new TimeoutException();
    }
}
