using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>The way of one request: into the line, through its turn, and its reply back.</summary>
internal sealed partial class SyncConnection
{
    /// <summary>The turn is granted and needs no wait: takes the request through it, and writes the reply.</summary>
    /// <returns><see langword="false"/>: the connection is to be closed.</returns>
    private bool Answer()
    {
        var request = _stream.Reader.Frame;
        var outcome = Answer(request, out var reply);
        return Reply(outcome, request, reply);
    }

    private Outcome Answer(in ReadOnlySequence<byte> request, out ReadOnlySequence<byte> reply)
    {
        if (_logger.IsEnabled(LogLevel.Debug))
        {
            _isGranted = true;
            LogRequest(_logger, Client.Id, (int)request.Length, Hex(request));
            _isGranted = false;
        }

        var outcome = _resource.Answer(_turn, request, out reply);
        _listener.Count(outcome, Client);
        return outcome;
    }

    private bool Reply(Outcome outcome, in ReadOnlySequence<byte> request, in ReadOnlySequence<byte> reply)
    {
        var goesOn = !_turn.IsHoldOver;
        if (outcome == Outcome.Ok)
            _stream.Write(reply);
        else
            goesOn &= Tell(outcome, request);
        _stream.Reader.Consume();
        return TurnIsOver(goesOn);
    }

    /// <summary>Takes the request found last through its turn.</summary>
    /// <returns><see langword="false"/>: the connection is to be closed.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ServeRequestAsync(ValueTask<Outcome> admission)
    {
        var reader = _stream.Reader;
        var outcome = admission.IsCompletedSuccessfully ? admission.Result : await WaitAsync(admission);
        _isGranted = outcome == Outcome.Ok;
        if (outcome == Outcome.Abandoned)
        {
            _listener.Count(outcome, Client);
            return false;
        }

        if (outcome != Outcome.Ok)
        {
            _listener.Count(outcome, Client);
            if (!await _stream.EndFlushAsync() || !Tell(outcome, reader.Frame))
                return false;
            reader.Consume();
            return await FlushIfLargeAsync();
        }

        if (_resource.IsImmediate)
            return await AnswerAsync();

        var context = _context ??= NewContext();
        context.Open(reader.Frame);
        reader.Consume();
        LogRequest(_logger, Client.Id, context.RequestLength, Hex(context.Request));
        _stream.BeginFlush(); // earlier replies do not wait for this turn, nor this turn for them
        _isGranted = false;
        var verdict = _resource.Process(_turn, context);
        outcome = verdict.IsCompletedSuccessfully ? verdict.Result : await verdict;
        await context.CloseAsync();

        _listener.Count(outcome, Client);
        return await ReplyAsync(context, outcome) && await FlushIfLargeAsync();
    }

    /// <summary>The same after a wait, during which earlier replies may still be on their way.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> AnswerAsync()
    {
        var request = _stream.Reader.Frame;
        var outcome = Answer(request, out var reply);
        return await _stream.EndFlushAsync() && Reply(outcome, request, reply) && await FlushIfLargeAsync();
    }

    /// <summary>In line: the request is given back to the pipe, and a client that resets leaves the line.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Outcome> WaitAsync(ValueTask<Outcome> admission)
    {
        // Not awaited: a client that takes its earlier replies slowly must not be granted a turn that it then holds up.
        _stream.BeginFlush();
        _stream.Reader.GiveBack();
        Outcome outcome;
        using (_departure.Closed.UnsafeRegister(static state => ((SyncConnection)state!).LeaveIfReset(), this))
            outcome = await admission;

        _isGranted = outcome == Outcome.Ok;
        if (outcome != Outcome.Abandoned && !_departure.HasReset() && _stream.Reader.TryReclaim())
            return outcome;
        if (_isGranted) // it went away at the moment of the grant
        {
            _isGranted = false;
            _resource.Gate.End(_turn, Outcome.Abandoned);
        }

        return Outcome.Abandoned;
    }

    private void LeaveIfReset()
    {
        if (_departure.HasReset())
            _resource.Gate.Leave(_turn);
    }

    /// <summary>The turn is over: writes what the client gets.</summary>
    /// <returns><see langword="false"/>: the connection is to be closed.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ReplyAsync(RequestContext context, Outcome outcome)
    {
        if (!await _stream.EndFlushAsync())
            return false;

        var goesOn = !_turn.IsHoldOver && !context.ClosesClient;
        if (outcome == Outcome.Ok)
            _stream.Write(context.ReplyBuffer.Written.Span);
        else
            goesOn &= Tell(outcome, context.Request);

        if (_turn.IsOutstayed)
            _context = null; // it stays with the processor
        else
            context.Clear();
        return TurnIsOver(goesOn);
    }

    private bool TurnIsOver(bool goesOn)
    {
        if (_turn.IsOutstayed)
            _turn = NewTurn();
        if (!goesOn)
            _stream.LingerAtEnd();
        return goesOn;
    }

    private Turn NewTurn() => new(Client, _listener.Options.Priority, _leaseLost);

    private RequestContext NewContext() => new(_resource.Name, Client, this, leaveIoThread: !_resource.NeverBlocks);
}
