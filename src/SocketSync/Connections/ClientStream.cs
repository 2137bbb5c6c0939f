using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace SocketSync;

/// <summary>What came of waiting for more of a client's bytes.</summary>
internal enum FillResult
{
    /// <summary>More bytes, or the end of the stream, are here.</summary>
    Filled,

    /// <summary>The wait was interrupted; something else may have changed.</summary>
    Woken,

    /// <summary>No request was begun for too long.</summary>
    Idle,

    /// <summary>A request was begun and not ended in time.</summary>
    TooSlow,

    /// <summary>The client has ended its stream between two requests.</summary>
    Ended,

    /// <summary>The client has ended its stream inside a request.</summary>
    EndedInside,
}

/// <summary>A client's bytes in both directions, with the times that they may take.</summary>
internal sealed class ClientStream : IDisposable
{
    /// <summary>How long a client that is being closed is read from, so that unread bytes do not cost it the last reply.</summary>
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

    /// <summary>Whether what <see cref="BeginFlush"/> has begun is still to be awaited.</summary>
    public bool IsFlushing => _isFlushing;

    /// <summary>The client takes nothing any more.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Interrupts the wait for the client's bytes, this one or the next.</summary>
    public void Wake() => _input.CancelPendingRead();

    public void Abort(string reason) => _connection.Abort(new ConnectionAbortedException(reason));

    public void Dispose()
    {
        _readDeadline.Dispose();
        _sendDeadline?.Dispose();
    }

    /// <summary>Waits for more of a request, for at most FrameTimeout in all; for a new one, at most IdleTimeout.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<FillResult> FillAsync(bool mayIdle = false)
    {
        if (_isTooSlow)
            return FillResult.TooSlow;
        if (Reader.IsCompleted)
            return Reader.HasUnread ? FillResult.EndedInside : FillResult.Ended;

        SetReadDeadline(mayIdle);
        var isFilled = await Reader.FillAsync();
        IsGone |= Reader.IsLost;
        var isTooLate = !isFilled && _readDeadline.Passed;
        // The idle time is that of this wait. Also where it was interrupted: bytes may have come with that.
        if (!_isFrameTimed)
            _readDeadline.Clear();
        if (!isTooLate)
            return isFilled ? FillResult.Filled : FillResult.Woken;
        _isTooSlow = _isFrameTimed;
        return _isTooSlow ? FillResult.TooSlow : FillResult.Idle;
    }

    /// <summary>The last byte of a request has come.</summary>
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

    /// <summary>Sends what was written; a client that does not take it within SendTimeout is closed.</summary>
    /// <returns><see langword="false"/>: the client is gone.</returns>
    public ValueTask<bool> FlushAsync()
    {
        BeginFlush();
        return EndFlushAsync();
    }

    /// <summary>Begins to send what was written; nothing is to be written until <see cref="EndFlushAsync"/>.</summary>
    public void BeginFlush()
    {
        if (_isFlushing || Output.UnflushedBytes == 0)
            return;

        _isFlushing = true;
#pragma warning disable CA2012 // Kept until EndFlushAsync, which consumes it exactly once: a flush may go on while its client waits in line.
        _flush = Output.FlushAsync();
#pragma warning restore CA2012
        if (!_flush.IsCompleted)
            (_sendDeadline ??= new Deadline(_time, AbortSend)).Set(_options.SendTimeout);
    }

    /// <param name="cancellationToken">Gives up the wait, but not the sending.</param>
    /// <returns><see langword="false"/>: the client is gone.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> EndFlushAsync(CancellationToken cancellationToken = default)
    {
        if (!_isFlushing)
            return !IsGone;

        var result = await _flush;
        // An interruption that came too late for the flush it was meant for ends the next one.
        while (result.IsCanceled && !cancellationToken.IsCancellationRequested)
            result = await Output.FlushAsync(CancellationToken.None);
        return Flushed(result);
    }

    /// <summary>Sends <paramref name="bytes"/> during a turn.</summary>
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

    /// <summary>Receives the client's next request during a turn; sending may go on meanwhile.</summary>
    /// <returns><see langword="false"/>: there is none, nor will there be.</returns>
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

            // Anything else is found again, and told, when the turn is over.
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

    /// <summary>The client is told something and then closed, maybe while it is still sending.</summary>
    public void LingerAtEnd() => _lingers = true;

    /// <summary>
    /// Sends what is left and ends the stream. A system that closes a connection with unread bytes resets it, and the
    /// client may lose the last reply: so those are read first, for a while (RFC 9112, section 9.6, says why).
    /// </summary>
    public async Task CloseAsync()
    {
        if (IsGone || !await FlushAsync() || Reader.IsCompleted)
            return;

        var socket = _connection.Features.Get<IConnectionSocketFeature>()?.Socket;
        if (!_lingers && socket is not { Available: > 0 })
            return;

        // Below TLS a half-close would look like a truncation.
        if (_connection.Features.Get<ITlsConnectionFeature>() is null)
            socket?.Shutdown(SocketShutdown.Send);
        _readDeadline.Set(LingerTime);
        while (!Reader.IsCompleted && !_readDeadline.Passed)
        {
            await Reader.FillAsync();
            // It may send faster than is read here, for as long as this lasts.
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
