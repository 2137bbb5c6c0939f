using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>The way of one request: into the line, through its turn, and its reply back.</summary>
internal sealed partial class ClientConnection
{
    /// <summary>When the next request, if it is here already, arrived: one that was answered at once was all that it waited for.</summary>
    private long? _arrivedAt;

    private CancellationTokenRegistration _leaving;
    private ReadOnlySequence<byte> _reply;

    /// <summary>The request was copied here for a processor that takes its time, and the reader may go on to the next.</summary>
    private RequestContext? _processing;

    Turn IResourceClient.Turn => _turn;

    ReadOnlySequence<byte> IResourceClient.Request => _stream.Reader.Frame;

    ReadOnlySequence<byte> IResourceClient.Reply
    {
        set => _reply = value;
    }

    /// <summary>The request is given back to the pipe, and a client that resets leaves the line.</summary>
    void IResourceClient.BeginWait()
    {
        // Not awaited: a client that takes its earlier replies slowly must not be granted a turn that it then holds up.
        _stream.BeginFlush();
        _stream.Reader.GiveBack();
        _leaving = _departure.Closed.UnsafeRegister(static state => ((ClientConnection)state!).LeaveIfGone(), this);
    }

    bool IResourceClient.EndWait()
    {
        _leaving.Dispose(); // waits for a look that is under way: both read the pipe
        return !_departure.HasGone(_listener.EndOfStream) && _stream.Reader.TryReclaim();
    }

    RequestContext IResourceClient.OpenContext()
    {
        var context = _processing = _context ??= NewContext();
        context.Open(_stream.Reader.Frame);
        _stream.Reader.Consume();
        _stream.BeginFlush(); // earlier replies do not wait for this turn, nor this turn for them
        return context;
    }

    /// <summary>Takes the request found last through its turn, and writes its reply. Completes at once where the processor answers at once.</summary>
    /// <returns><see langword="false"/>: the connection is to be closed.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> ServeRequestAsync()
    {
        _stream.RequestIsWhole();
        _requests++;
        var request = _stream.Reader.Frame;
        _mustYield |= _work.Charge(WorkBudget.Frame + request.Length);
        if (_logger.IsEnabled(LogLevel.Debug))
            LogRequest(_logger, Client.Id, (int)request.Length, Hex(request));

        var serving = _resource.ServeAsync(this, _arrivedAt);
        var isAtOnce = serving.IsCompletedSuccessfully && _processing is null && !_stream.IsFlushing;
        var outcome = await serving;
        if (_processing is { } context)
            await context.CloseAsync();
        _arrivedAt = isAtOnce && outcome == Outcome.Ok ? _turn.EndedAt : null;
        _listener.Count(outcome, Client);
        return outcome != Outcome.Abandoned && (isAtOnce || await _stream.EndFlushAsync()) && Reply(outcome);
    }

    /// <summary>It is known how the request ended: writes what the client gets.</summary>
    /// <returns><see langword="false"/>: the connection is to be closed.</returns>
    private bool Reply(Outcome outcome)
    {
        var context = _processing;
        var goesOn = !_turn.LeaseLost && context is not { ClosesClient: true };
        if (outcome == Outcome.Ok)
            _stream.Write(context is null ? _reply : new(context.ReplyBuffer.Written));
        else
            goesOn &= Tell(outcome, context?.Request ?? _stream.Reader.Frame);

        _processing = null;
        _reply = default;
        if (context is null)
            _stream.Reader.Consume();
        else if (_turn.CompletedEarly)
            _context = null; // it stays with the processor
        else
            context.Clear();

        if (_turn.CompletedEarly)
            _turn = NewTurn();
        if (!goesOn)
            _stream.LingerAtEnd();
        return goesOn;
    }

    private void LeaveIfGone()
    {
        if (_departure.HasGone(_listener.EndOfStream))
            _resource.Gate.Leave(_turn);
    }

    private Turn NewTurn() => new(Client, _listener.Options.Priority, _onLeaseLost);

    private RequestContext NewContext() => new(_resource.Name, Client, this, leaveIoThread: !_resource.NeverBlocks) { Work = _work };
}
