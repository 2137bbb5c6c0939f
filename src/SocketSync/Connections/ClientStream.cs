using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace SocketSync;

/// <summary>The result of waiting for more bytes from a client.</summary>
internal enum FillResult
{
    /// <summary>More bytes, or the end of the stream, have arrived.</summary>
    Filled,

    /// <summary>The wait was interrupted; other state may have changed.</summary>
    Woken,

    /// <summary>The idle timeout has expired without a new request.</summary>
    Idle,

    /// <summary>The frame timeout has expired before the request was complete.</summary>
    TooSlow,

    /// <summary>The client has ended its stream between two requests.</summary>
    Ended,

    /// <summary>The client has ended its stream within a request.</summary>
    EndedInside,
}

/// <summary>Reads from and writes to a client, with timeouts for both directions.</summary>
internal sealed class ClientStream : IDisposable
{
    /// <summary>How long to read from a client that is being closed, so that unread bytes do not make it lose the last reply.</summary>
    private static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(1);

    private readonly ConnectionContext _connection;
    private readonly ListenerOptions _options;
    private readonly PipeReader _input;
    private readonly Deadline _readDeadline;
    private readonly WorkBudget _work;
    private readonly TimeProvider _time;
    private Deadline? _sendDeadline;
    private ValueTask<FlushResult> _flush;
    private bool _isFlushing;
    private bool _isFrameTimed;
    private bool _isTooSlow;
    private bool _lingers;

    public ClientStream(ConnectionContext connection, ListenerState listener, WorkBudget work, TimeProvider time)
    {
        _connection = connection;
        _options = listener.Options;
        _work = work;
        _time = time;
        _input = connection.Transport.Input;
        Output = connection.Transport.Output;
        Reader = new FrameReader(_input, listener.Protocol);
        _readDeadline = new Deadline(time, Wake);
    }

    public FrameReader Reader { get; }

    public PipeWriter Output { get; }

    /// <summary>Whether a flush started by <see cref="BeginFlush"/> has not been awaited yet.</summary>
    public bool IsFlushing => _isFlushing;

    /// <summary>Whether the client no longer takes any bytes.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Interrupts the current read, or the next one if none is pending.</summary>
    public void Wake() => _input.CancelPendingRead();

    public void Abort(string reason) => _connection.Abort(new ConnectionAbortedException(reason));

    public void Dispose()
    {
        Reader.LetGo();
        _readDeadline.Dispose();
        _sendDeadline?.Dispose();
    }

    /// <summary>Waits for more bytes: within a request for at most FrameTimeout in all, between requests for at most IdleTimeout.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<FillResult> FillAsync(bool mayIdle = false)
    {
        if (_isTooSlow)
            return FillResult.TooSlow;
        if (Reader.IsCompleted)
            return Reader.HasUnread ? FillResult.EndedInside : FillResult.Ended;

        SetReadDeadline(mayIdle);
        bool isFilled;
        try
        {
            isFilled = Reader.Take(await Reader.BeginFill());
        }
        catch (Exception exception) when (FrameReader.IsLoss(exception))
        {
            isFilled = Reader.Lose();
        }

        IsGone |= Reader.IsLost;
        var isTooLate = !isFilled && _readDeadline.Passed;
        // The idle timeout applies to this wait only. Cleared after an interruption too: bytes may have arrived with it.
        if (!_isFrameTimed)
            _readDeadline.Clear();
        if (!isTooLate)
            return isFilled ? FillResult.Filled : FillResult.Woken;
        _isTooSlow = _isFrameTimed;
        return _isTooSlow ? FillResult.TooSlow : FillResult.Idle;
    }

    /// <summary>Clears the frame timeout, because the request is complete.</summary>
    public void RequestIsWhole()
    {
        if (!_isFrameTimed)
            return;
        _isFrameTimed = false;
        _readDeadline.Clear();
    }

    public void Write(ReadOnlySpan<byte> bytes) => Output.Write(bytes);

    public void Write(in ReadOnlySequence<byte> bytes)
    {
        foreach (var segment in bytes)
            Output.Write(segment.Span);
    }

    /// <summary>Flushes the output; aborts a client that does not take it within SendTimeout.</summary>
    /// <returns><see langword="false"/> if the client is gone.</returns>
    public ValueTask<bool> FlushAsync()
    {
        BeginFlush();
        if (!_isFlushing || !_flush.IsCompletedSuccessfully)
            return EndFlushAsync();

        var result = _flush.Result;
        if (!result.IsCanceled)
            return new(Flushed(result));
        _flush = new(result); // a flush must not be asked twice
        return EndFlushAsync();
    }

    /// <summary>Starts to flush the output. Nothing may be written before <see cref="EndFlushAsync"/>.</summary>
    public void BeginFlush()
    {
        if (_isFlushing || Output.UnflushedBytes == 0)
            return;

        _isFlushing = true;
#pragma warning disable CA2012 // Awaited exactly once, in EndFlushAsync: a flush may continue while its client waits in the queue.
        _flush = Output.FlushAsync();
#pragma warning restore CA2012
        if (!_flush.IsCompleted)
            (_sendDeadline ??= new Deadline(_time, AbortSend)).Set(_options.SendTimeout);
    }

    /// <param name="cancellationToken">Cancels the wait, but not the sending.</param>
    /// <returns><see langword="false"/> if the client is gone.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> EndFlushAsync(CancellationToken cancellationToken = default)
    {
        if (!_isFlushing)
            return !IsGone;

        var result = await _flush;
        // A cancellation that came too late for the flush it was meant for cancels the next one.
        while (result.IsCanceled && !cancellationToken.IsCancellationRequested)
            result = await Output.FlushAsync(CancellationToken.None);
        return Flushed(result);
    }

    /// <summary>Sends <paramref name="bytes"/> at once, during a turn.</summary>
    public async ValueTask SendNowAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        if (!await EndFlushAsync(cancellationToken))
            return;
        Write(bytes.Span);
        using (cancellationToken.UnsafeRegister(static output => ((PipeWriter)output!).CancelPendingFlush(), Output))
        {
            BeginFlush();
            await EndFlushAsync(cancellationToken);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Receives the client's next request during a turn; a send may be in progress at the same time.</summary>
    /// <returns><see langword="false"/> if there is no further request.</returns>
    public async ValueTask<bool> ReceiveNowAsync(PooledBuffer request, CancellationToken cancellationToken)
    {
        try
        {
            using var _ = cancellationToken.UnsafeRegister(static stream => ((ClientStream)stream!).Wake(), this);
            FrameStatus status;
            while ((status = Reader.Find()) == FrameStatus.Incomplete)
            {
                if (await FillAsync(mayIdle: true) is not (FillResult.Filled or FillResult.Woken))
                    return false;
                if (_work.Charge(WorkBudget.SystemCall))
                    await Dispatcher.Yield();
                cancellationToken.ThrowIfCancellationRequested();
            }

            // A framing error is found again, and reported, after the turn.
            if (status != FrameStatus.Complete)
                return false;
            RequestIsWhole();
            request.Set(Reader.Frame);
            if (_work.Charge(WorkBudget.Frame + request.Length))
                await Dispatcher.Yield();
            Reader.Consume();
            return true;
        }
        catch (Exception exception) when (ClientDeparture.IsDeparture(exception))
        {
            IsGone = true;
            return false;
        }
    }

    /// <summary>Makes <see cref="CloseAsync"/> linger: the client gets a last reply, but may still be sending.</summary>
    public void LingerAtEnd() => _lingers = true;

    /// <summary>
    /// Flushes the output and ends the stream. Closing a socket with unread bytes resets the connection, and the client may lose
    /// the last reply, so those bytes are read first for up to <see cref="LingerTime"/> (RFC 9112, section 9.6, explains why).
    /// </summary>
    public async Task CloseAsync()
    {
        if (IsGone || !await FlushAsync() || Reader.IsCompleted)
            return;

        var socket = _connection.Features.Get<IConnectionSocketFeature>()?.Socket;
        if (!_lingers && socket is not { Available: > 0 })
            return;

        if (_connection.Features.Get<RelayedStream>() is { } relayed)
            await relayed.EndAsync();
        else if (_connection.Features.Get<ITlsConnectionFeature>() is null) // With TLS, a half-close of the socket would look like a truncation attack.
            socket?.Shutdown(SocketShutdown.Send);
        _readDeadline.Set(LingerTime);
        while (!Reader.IsCompleted && !_readDeadline.Passed)
        {
            await Reader.FillAsync();
            // The client may send faster than this loop reads, for the whole linger time.
            if (_work.Charge(WorkBudget.SystemCall + Reader.Unread.Length))
                await Dispatcher.Yield();
            Reader.Discard();
        }
    }

    private void SetReadDeadline(bool mayIdle)
    {
        if (Reader.HasUnread)
        {
            if (_isFrameTimed)
                return;
            _isFrameTimed = true;
            _readDeadline.Set(_options.FrameTimeout);
        }
        else if (!mayIdle && _options.IdleTimeout > TimeSpan.Zero)
        {
            _readDeadline.Set(_options.IdleTimeout);
        }
    }

    private bool Flushed(FlushResult result)
    {
        _isFlushing = false;
        _sendDeadline?.Clear();
        IsGone |= result.IsCompleted;
        return !IsGone;
    }

    private void AbortSend() => Abort("The client did not take a reply within SendTimeout.");
}
