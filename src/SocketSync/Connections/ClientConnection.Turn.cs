using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>The path of one request: through the queue and its turn, to the reply.</summary>
internal sealed partial class ClientConnection
{
    /// <summary>
    /// The arrival time of a pipelined request: when the turn before it ended, if that was answered synchronously. Otherwise
    /// <see langword="null"/>.
    /// </summary>
    private long? _arrivedAt;

    private CancellationTokenRegistration _leaving;
    private ReadOnlySequence<byte> _reply;

    /// <summary>The context that holds a copy of the request for an asynchronous processor; the reader can go on to the next one.</summary>
    private RequestContext? _processing;

    Turn IResourceClient.Turn => _way.Turn;

    /// <summary>Nothing while the client is in line with a notice: what it sends belongs to whoever throws it away.</summary>
    ReadOnlySequence<byte> IResourceClient.Request => _discarding is null ? _stream.Reader.Frame : default;

    ClientAccess? IResourceClient.Access => _access;

    ReadOnlySequence<byte> IResourceClient.Reply
    {
        set => _reply = value;
    }

    /// <summary>Gives the request back to the pipe, and leaves the queue if the client resets the connection.</summary>
    void IResourceClient.BeginWait()
    {
        if (CurrentRoute.Notice)
        {
            BeginNotice();
            return;
        }

        // Not awaited: a client that is slow to take its earlier replies must not be granted a turn and then hold it up.
        _stream.BeginFlush();
        _stream.Reader.GiveBack();
        _leaving = _departure.Closed.UnsafeRegister(static state => ((ClientConnection)state!).LeaveIfGone(), this);
    }

    bool IResourceClient.EndWait()
    {
        if (_discarding is not null)
            return EndNotice();
        _leaving.Dispose(); // waits for a running callback: both read the pipe
        return !_departure.HasGone(CurrentRoute.EndOfStream) && _stream.Reader.TryReclaim();
    }

    RequestContext IResourceClient.OpenContext()
    {
        var context = _way.Context ??= NewContext();
        if (_discarding is null)
        {
            context.Open(_stream.Reader.Frame);
            _stream.Reader.Consume();
        }
        else
        {
            context.Open(default); // what put the client in line was thrown away
        }

        _processing = context;
        _stream.BeginFlush(); // earlier replies and this turn must not wait for each other
        return context;
    }

    /// <summary>Asks the resource to serve the request found last.</summary>
    private ValueTask<Outcome> BeginRequest()
    {
        _stream.RequestIsWhole();
        _requests++;
        var request = _stream.Reader.Frame;
        _mustYield |= _work.Charge(WorkBudget.Frame + request.Length);
        if (_logger.IsEnabled(LogLevel.Debug))
            LogRequest(_logger, Client.Id, (int)request.Length, Hex(request));
        return CurrentResource.ServeAsync(this, _arrivedAt);
    }

    private Outcome OutcomeAtOnce(Outcome outcome)
    {
        _arrivedAt = outcome == Outcome.Ok ? _way.Turn.EndedAt : null;
        CurrentRoute.Count(outcome, Client);
        return outcome;
    }

    /// <summary>
    /// Waits for the outcome of a request that is not served at once, for a send or receive of its processor to leave the
    /// connection, and for earlier replies to be sent.
    /// </summary>
    /// <returns><see cref="Outcome.Abandoned"/> also if the client is gone.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Outcome> AwaitOutcomeAsync(ValueTask<Outcome> serving)
    {
        _arrivedAt = null;
        var leavingOthers = _routes.Length == 1 ? default
            : _departure.Closed.UnsafeRegister(static client => ((ClientConnection)client!).LeaveOtherWays(), this);
        var outcome = await serving;
        if (_processing is { } context)
            await context.CloseAsync();
        await EndDiscardingAsync();
        leavingOthers.Dispose(); // waits for a running callback: the next request may be for one of the others
        CurrentRoute.Count(outcome, Client);
        return outcome != Outcome.Abandoned && await _stream.EndFlushAsync() ? outcome : Outcome.Abandoned;
    }

    /// <summary>Writes the reply or the error for the outcome of the current request.</summary>
    /// <returns><see langword="false"/> if the connection must be closed.</returns>
    private bool Reply(Outcome outcome)
    {
        var context = _processing;
        var turn = _way.Turn;
        var goesOn = !turn.LeaseLost && context is not { ClosesClient: true };
        if (outcome.IsAnswered())
            _stream.Write(context is null ? _reply : new(context.ReplyBuffer.Written));
        else
            goesOn &= Tell(outcome, context?.Request ?? _stream.Reader.Frame);

        _processing = null;
        _reply = default;
        if (context is null)
            _stream.Reader.Consume();
        else if (turn.CompletedEarly)
            _way.Context = null; // the processor still uses it
        else
            context.Clear();

        if (turn.CompletedEarly)
            _way.Turn = NewTurn();
        if (outcome == Outcome.Unavailable)
            goesOn &= CurrentResource.IsServedHere; // a client that reconnects is led to the node that serves it
        if (!goesOn)
            _stream.LingerAtEnd();
        return goesOn;
    }

    /// <summary>Tells the client that a further request in its turn is denied: the processor never sees it, and waits for the next.</summary>
    /// <returns><see langword="false"/> if the protocol has no word for it: the processor gets nothing more, and the client is closed.</returns>
    private async ValueTask<bool> TellInTurnAsync(Outcome denied, PooledBuffer request, CancellationToken cancellationToken)
    {
        CurrentRoute.Count(denied, Client);
        var words = new PooledBuffer();
        try
        {
            if (CurrentRoute.OnError == OnError.Reply && _listener.Protocol.TryWriteError(denied, new(request.Written), words))
            {
                await _stream.SendNowAsync(words.Written, cancellationToken);
                return true;
            }
        }
        finally
        {
            words.Clear();
        }

        _way.Context!.ClosesClient = true;
        return false;
    }

    private void LeaveIfGone()
    {
        if (_departure.HasGone(CurrentRoute.EndOfStream))
            CurrentResource.Gate.Leave(_way.Turn);
    }

    /// <summary>
    /// Whether a request whose outcome is known is not done with: its processor has the context, somebody throws away what the client
    /// sends in line, or earlier replies are being sent.
    /// </summary>
    private bool IsMoreUnderWay => _processing is not null || _discarding is not null || _stream.IsFlushing;
}
