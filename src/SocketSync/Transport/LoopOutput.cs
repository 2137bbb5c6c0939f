using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;

namespace SocketSync;

/// <summary>
/// The output of a connection. A flush sends on the thread that calls it, and waits only if the system does not take everything: it is over
/// when the system has.
/// </summary>
internal sealed class LoopOutput(LoopConnection connection) : PipeWriter, IValueTaskSource<FlushResult>
{
    private ManualResetValueTaskSourceCore<FlushResult> _core;
    private PooledBuffer _written = new(4096);
    private PooledBuffer _sending = new(4096);
    private int _sent;
    private bool _isSending;     // the system has not taken all of _sending
    private bool _isAwaited;     // somebody waits for it
    private bool _isCancelled;   // the next flush is
    private bool _isGone;
    private CancellationTokenRegistration _cancellation;
    private TaskCompletionSource? _taken;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _written.Length;

    public override Memory<byte> GetMemory(int sizeHint = 0) => _written.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => _written.GetSpan(sizeHint);

    public override void Advance(int bytes) => _written.Advance(bytes);

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<FlushResult>(cancellationToken);
        lock (connection.Sync)
        {
            SendWritten();
            if (_isCancelled)
            {
                _isCancelled = false;
                return new(new FlushResult(isCanceled: true, isCompleted: _isGone));
            }

            if (!_isSending)
                return new(new FlushResult(isCanceled: false, isCompleted: _isGone));
            _core.Reset();
            _isAwaited = true;
        }

        var flush = new ValueTask<FlushResult>(this, _core.Version);
        if (cancellationToken.CanBeCanceled)
            _cancellation = cancellationToken.UnsafeRegister(static (output, token) => ((LoopOutput)output!).GiveUp(token), this);
        return flush;
    }

    public override void CancelPendingFlush()
    {
        lock (connection.Sync)
        {
            if (!_isAwaited)
            {
                _isCancelled = true;
                return;
            }

            _isAwaited = false;
        }

        _core.SetResult(new FlushResult(isCanceled: true, isCompleted: false));
    }

    public override void Complete(Exception? exception = null) => CompleteAsync(exception).AsTask().Observe();

    /// <summary>Sends what was written. The stream is ended by closing the connection, or by shutting down its socket.</summary>
    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (exception is not null)
            return;
        lock (connection.Sync)
        {
            SendWritten();
            if (!_isSending)
                return;
            _taken ??= new(TaskCreationOptions.RunContinuationsAsynchronously); // a flush may be waiting for the same
        }

        await _taken.Task;
    }

    /// <summary>Sends on. Called by the loop when the system takes more, and when the connection is closed.</summary>
    internal void OnWritable()
    {
        FlushResult result;
        lock (connection.Sync)
        {
            if (!_isSending)
                return;
            Send();
            if (_isSending)
                return;
            connection.WatchWritable(false);
            _taken?.TrySetResult();
            result = new(isCanceled: false, isCompleted: _isGone);
            if (!_isAwaited)
                return;
            _isAwaited = false;
        }

        _core.SetResult(result);
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token)
    {
        _cancellation.Dispose();
        _cancellation = default;
        return _core.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource<FlushResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void SendWritten()
    {
        if (_isGone)
        {
            _written.Clear();
        }
        else if (_isSending)
        {
            _sending.Write(_written.Written.Span); // behind what a flush that was given up has left
            _written.Clear();
        }
        else if (_written.Length > 0)
        {
            (_sending, _written) = (_written, _sending);
            Send();
            if (_isSending)
                connection.WatchWritable(true);
        }
    }

    private void Send()
    {
        if (connection.Send(_sending.Written.Span[_sent..]) is not { } count)
        {
            _isGone = true;
            _isSending = false;
        }
        else
        {
            _sent += count;
            _isSending = _sent < _sending.Length;
        }

        if (_isSending)
            return;
        _sent = 0;
        _sending.Clear();
    }

    private void GiveUp(CancellationToken token)
    {
        lock (connection.Sync)
        {
            if (!_isAwaited)
                return;
            _isAwaited = false;
        }

        _core.SetException(new OperationCanceledException(token));
    }
}
