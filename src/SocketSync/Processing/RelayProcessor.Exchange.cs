using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>One request to the device, and its reply.</summary>
internal sealed partial class RelayProcessor
{
    /// <summary>What a search for a reply costs at most, beside the bytes that are found.</summary>
    private const int SearchCost = 2 * WorkBudget.Frame;

    private enum ExchangeResult
    {
        /// <summary>The reply is complete, or none was due.</summary>
        Done,

        /// <summary>The request was written whole, but no whole reply came within ReplyTimeout, or before the turn was over.</summary>
        NoReply,

        /// <summary>Damaged bytes came and then nothing, see <see cref="HeardReply.Damaged"/>: the reply may still come.</summary>
        Damaged,

        /// <summary>The reply came, but damaged.</summary>
        DamagedReply,

        /// <summary>The device did not take the whole request within ReplyTimeout, or before the turn was over.</summary>
        NotWritten,

        /// <summary>The link was lost after the reply had begun, or the reply makes no sense.</summary>
        LostInReply,

        /// <summary>The link was lost before any byte of a reply.</summary>
        LostBeforeReply,
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeResult> ExchangeAsync(IOpenLink link, ILinkProtocol protocol, RequestContext context, CancellationToken cancellationToken)
    {
        _hasBegun = false;
        _reading = link.Input;
        var cancelled = cancellationToken.UnsafeRegister(static relay => ((RelayProcessor)relay!).Wake(), this);
        try
        {
            Write(protocol, context.Request, link.Output);
            _writeBeganAt = _time.GetTimestamp();
            _replyDeadline.Set(Manager.Options.ReplyTimeout);
            return (await FlushAsync(link.Output, cancellationToken)).IsCompleted ? Lost(UnaskedInput.ClosedByDevice)
                : !protocol.ExpectsReply(context.Request) ? await ReadEchoAsync(link.Input, cancellationToken)
                : Manager.Link.DatagramBytes is not null ? await ReadDatagramAsync(link.Input, protocol, context, cancellationToken)
                : await ReadReplyAsync(link.Input, protocol, context, cancellationToken);
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException)
        {
            return ExchangeResult.NotWritten;
        }
        catch (Exception exception) when (LinkException.IsLoss(exception))
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
            _heard.Clear();
            _exchangeEndedAt = _time.GetTimestamp();
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ExchangeResult> ReadReplyAsync(PipeReader input, ILinkProtocol protocol, RequestContext context, CancellationToken cancellationToken)
    {
        var request = context.Request;
        var work = context.Work;
        for (long searched = 0, foreign = 0; ;)
        {
            var result = await input.ReadAsync(CancellationToken.None);
            var rest = result.Buffer;
            var news = rest.Length - searched;
            _hasBegun |= !rest.IsEmpty;
            if (_listens && news > 0)
                Listen(rest.Slice(searched));
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
                var isEnough = work.Charge(SearchCost + found.Length);
                found = ReplyResult.Incomplete;
                if (!isEnough)
                    continue;
                await Dispatcher.Yield();
                if (IsOver(cancellationToken))
                    break;
            }

            foreign += discarded;
            Manager.CountDiscarded(discarded);
            if (found.Status == ReplyStatus.Complete)
            {
                var reply = rest.Slice(0, found.Length);
                protocol.WriteReply(request, reply, context.Reply);
                KeepReply(protocol, context, reply);
                input.AdvanceTo(rest.GetPosition(found.Length));
                WarnOfEcho(isEcho: foreign >= _echo.Returned);
                return ExchangeResult.Done;
            }

            if (_listens && news == 0 && _quietDeadline.Passed && !result.IsCompleted && WhatWasHeard(protocol, request) is { } damage)
            {
                input.AdvanceTo(rest.End);
                Manager.CountDiscarded(rest.Length);
                return damage;
            }

            if (found.Status != ReplyStatus.Lost && !result.IsCompleted && IsOver(cancellationToken))
            {
                input.AdvanceTo(rest.End);
                Manager.CountDiscarded(rest.Length);
                WarnOfEcho(isEcho: true);
                return ExchangeResult.NoReply;
            }

            input.AdvanceTo(rest.Start, rest.End);
            if (found.Status == ReplyStatus.Lost)
                return ExchangeResult.LostInReply; // the device is there, but its bytes make no sense
            if (result.IsCompleted)
                return Lost("the device has closed the link before its reply was complete");
            if (found.Status == ReplyStatus.EndsBySilence && news > 0)
                _quietDeadline.Set(Manager.Options.ReplyQuietTime);
            _isQuiet = found.Status == ReplyStatus.EndsBySilence;
            searched = rest.Length;
            if (work.Charge(WorkBudget.SystemCall + news))
                await Dispatcher.Yield();
        }
    }

    /// <summary>Discards the echo of a request that has no reply, so that it is not taken for the next one's reply.</summary>
    private async ValueTask<ExchangeResult> ReadEchoAsync(PipeReader input, CancellationToken cancellationToken)
    {
        for (var searched = 0L; _takesEcho && _echo.IsAwaited;)
        {
            var result = await input.ReadAsync(CancellationToken.None);
            var rest = result.Buffer;
            Compare(ref rest, searched);
            if (result.IsCompleted)
            {
                input.AdvanceTo(rest.End);
                return ExchangeResult.Done; // it was written, and that is all
            }

            searched = rest.Length;
            if (!_echo.IsAwaited)
            {
                input.AdvanceTo(rest.Start);
            }
            else if (IsOver(cancellationToken))
            {
                input.AdvanceTo(rest.End);
                WarnOfEcho(isEcho: true);
                break;
            }
            else
            {
                input.AdvanceTo(rest.Start, rest.End);
            }
        }

        return ExchangeResult.Done;
    }

    private void Write(ILinkProtocol protocol, in ReadOnlySequence<byte> request, PipeWriter output)
    {
        _takesEcho = Manager.Options.LocalEcho;
        if (Manager.Link.KeepsLateBytes && (_takesEcho || _listens || (protocol.IsRead(request) && !Manager.Log.HasWarnedOfEcho)))
            _echo.Write(protocol, request, output);
        else
            protocol.WriteRequest(request, output);
    }

    /// <summary>
    /// Compares the new bytes with what was written. If LocalEcho says that the line's adapter echoes, the echo is removed once it
    /// is complete.
    /// </summary>
    /// <returns>Whether what is left must be searched from its beginning.</returns>
    private bool Compare(ref ReadOnlySequence<byte> rest, long searched)
    {
        var isSame = _echo.Compare(rest.Slice(searched));
        if (!_takesEcho || _echo.IsAwaited)
            return false;
        if (isSame)
            rest = rest.Slice(_echo.Returned);
        else
            Manager.Log.EchoMissing();
        return true;
    }

    /// <summary>Warns once if the line echoes unexpectedly, or does not echo as configured.</summary>
    /// <param name="isEcho">The bytes that came back are not the reply itself, which may be equal to the request.</param>
    private void WarnOfEcho(bool isEcho)
    {
        if (_takesEcho && _echo.IsAwaited)
            Manager.Log.EchoMissing();
        else if (!_takesEcho && isEcho && _echo.HasReturned)
            Manager.Log.EchoSeen();
    }

    private bool IsOver(CancellationToken cancellationToken) => _replyDeadline.Passed || cancellationToken.IsCancellationRequested;

    private ExchangeResult Lost(string why)
    {
        _loss = why;
        return _hasBegun ? ExchangeResult.LostInReply : ExchangeResult.LostBeforeReply;
    }

    /// <summary>A device that does not take the request in time is too late as well.</summary>
    private async ValueTask<FlushResult> FlushAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        var flush = output.FlushAsync(cancellationToken);
        if (flush.IsCompletedSuccessfully)
            return flush.Result;

        // Uses the deadline that was set before the first byte was written: another timer would start to count only now.
        var flushing = flush.AsTask();
        while (true)
        {
            var over = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Interlocked.Exchange(ref _flushOver, over);
            if (IsOver(cancellationToken))
                over.TrySetResult();
            if (await Task.WhenAny(flushing, over.Task) == flushing)
                return await flushing;
            if (IsOver(cancellationToken))
                throw new TimeoutException();

            // Woken by what had ended the try before this one.
        }
    }
}
