using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;

namespace SocketSync;

/// <summary>
/// The input of a connection: what the loop has received and its reader has not consumed, in one run of bytes. An empty one has no buffer
/// but a very small one of its own.
/// </summary>
/// <remarks>
/// <para>In place of a <see cref="Pipe"/>, which costs a request six locks, and splits what it holds into segments. A read continues on the
/// thread of the loop. As in a pipe, back-pressure counts what its reader has not examined: a reader that waits for more gets more.</para>
/// <para>An empty input receives into the loop's own memory, and then has a buffer of the size of what has come: a request keeps it while it
/// waits for its turn and for a device, and with a pooled one for each of a thousand such requests the pool would be empty.</para>
/// </remarks>
/// <param name="connection">Whose input it is; the members are guarded by its <see cref="LoopConnection.Sync"/>.</param>
/// <param name="limit">The bytes to read ahead of a reader that does not ask for more.</param>
internal sealed class LoopInput(LoopConnection connection, int limit) : PipeReader, IValueTaskSource<ReadResult>
{
    private const int Smallest = 4096;
    private const int Own = 256;
    private const int Largest = 64 * 1024;

    private ManualResetValueTaskSourceCore<ReadResult> _core;
    private byte[] _buffer = [];
    private byte[]? _own;        // what the buffer is when little has come; kept for as long as the connection
    private byte[]? _replaced;   // a buffer that grew too small while its bytes were being read
    private ReadResult _result;  // what Continue gives to the reader
    private Exception? _failure;
    private int _start;
    private int _end;
    private int _examined;       // a position in the buffer, as the others
    private int _nextSize = Smallest;
    private bool _isAwaited;
    private bool _isRead;        // between a read and its AdvanceTo
    private bool _isCancelled;
    private bool _isEnded;
    private bool _isReaderDone;
    private Exception? _error;
    private CancellationTokenRegistration _cancellation;

    /// <summary>Whether the loop should receive more.</summary>
    internal bool WantsMore => !_isReaderDone && !_isEnded && (_end - _start < limit || _isAwaited || (!_isRead && _examined == _end));

    /// <summary>Room for what is received next. Called under the lock, which is held until <see cref="Take"/>.</summary>
    /// <param name="shared">The loop's memory.</param>
    internal Span<byte> Room(Span<byte> shared)
    {
        if (_buffer.Length == 0)
            return shared;
        if (_end == _buffer.Length)
            Grow();
        return _buffer.AsSpan(_end);
    }

    /// <summary>Takes over what was received into <see cref="Room"/>, if anything. Called under the lock.</summary>
    /// <returns>Whether <see cref="Continue"/> is to be called, outside the lock.</returns>
    internal bool Take(ReadOnlySpan<byte> shared, int count)
    {
        if (_buffer.Length == 0 && count > 0)
        {
            _buffer = count <= Own ? _own ??= GC.AllocateUninitializedArray<byte>(Own) : ArrayPool<byte>.Shared.Rent(Math.Max(count, Smallest));
            shared[..count].CopyTo(_buffer);
        }

        _end += count;
        if (_end == _buffer.Length)
            _nextSize = Math.Clamp(_buffer.Length * 2, Smallest, Largest);
        if (_start == _end || _isReaderDone)
            Release();
        return count > 0 && TryWake();
    }

    /// <summary>Nothing more is received. Called under the lock.</summary>
    /// <param name="error">What a read throws; <see langword="null"/> if the stream has ended.</param>
    /// <returns>Whether <see cref="Continue"/> is to be called, outside the lock.</returns>
    internal bool End(Exception? error)
    {
        if (_isEnded)
            return false;
        (_isEnded, _error) = (true, error);
        return TryWake();
    }

    /// <summary>Continues the reader.</summary>
    internal void Continue()
    {
        if (_failure is { } failure)
        {
            _core.SetException(failure);
            return;
        }

        var result = _result;
        _result = default; // an idle connection holds no buffer
        _core.SetResult(result);
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<ReadResult>(cancellationToken);
        lock (connection.Sync)
        {
            if (IsReady())
                return new(Result());
            _core.Reset();
            _isAwaited = true;
            connection.UpdateReading();
        }

        var read = new ValueTask<ReadResult>(this, _core.Version);
        if (cancellationToken.CanBeCanceled)
            _cancellation = cancellationToken.UnsafeRegister(static (input, token) => ((LoopInput)input!).GiveUp(token), this);
        return read;
    }

    public override bool TryRead(out ReadResult result)
    {
        lock (connection.Sync)
        {
            if (!IsReady())
            {
                result = default;
                return false;
            }

            result = Result();
            return true;
        }
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        lock (connection.Sync)
        {
            if (!_isRead)
                throw new InvalidOperationException("Nothing was read that could be advanced.");
            _isRead = false;
            // The bytes may have moved to another buffer since they were read, to the same places.
            (_start, _examined) = (consumed.GetInteger(), examined.GetInteger());
            Release();
            connection.UpdateReading();
        }
    }

    public override void CancelPendingRead()
    {
        lock (connection.Sync)
        {
            _isCancelled = true;
            if (!TryWake())
                return;
        }

        Continue();
    }

    public override void Complete(Exception? exception = null)
    {
        lock (connection.Sync)
        {
            if (_isReaderDone)
                return;
            (_isReaderDone, _isRead) = (true, false);
            Release();
            connection.UpdateReading();
        }
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token)
    {
        _cancellation.Dispose();
        _cancellation = default;
        return _core.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _core.GetStatus(token);

    // Without the context of the pool, as a pipe of this server's: who reads on from there leaves the thread itself.
    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags & ~ValueTaskSourceOnCompletedFlags.UseSchedulingContext);

    private bool IsReady()
    {
        if (_isRead || _isAwaited)
            throw new InvalidOperationException("A read is in progress already.");
        ObjectDisposedException.ThrowIf(_isReaderDone, this);
        if (_error is { } error)
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error);
        return _isCancelled || _isEnded || _examined < _end;
    }

    private ReadResult Result()
    {
        var result = new ReadResult(new ReadOnlySequence<byte>(_buffer, _start, _end - _start), _isCancelled, _isEnded);
        (_isRead, _isCancelled) = (true, false);
        return result;
    }

    private bool TryWake()
    {
        if (!_isAwaited)
            return false;
        _isAwaited = false;
        _failure = _error;
        if (_failure is null)
            _result = Result();
        return true;
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

    /// <summary>Makes room. While they are read, the bytes keep their places, since their reader will name those.</summary>
    private void Grow()
    {
        var used = _end - _start;
        if (!_isRead && _start >= Smallest && (used <= _start || used < Largest / 2))
        {
            _buffer.AsSpan(_start, used).CopyTo(_buffer);
        }
        else
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_nextSize, (_isRead ? _end : used) * 2));
            _buffer.AsSpan(_start, used).CopyTo(larger.AsSpan(_isRead ? _start : 0));
            if (_isRead && _replaced is null)
                _replaced = _buffer;
            else
                Return(_buffer);
            _buffer = larger;
        }

        if (_isRead)
            return;
        _examined -= _start;
        (_start, _end) = (0, used);
    }

    /// <summary>Gives back what holds nothing that is needed.</summary>
    private void Release()
    {
        if (_isRead)
            return;
        if (_replaced is { } replaced)
        {
            _replaced = null;
            Return(replaced);
        }

        if (_start < _end && !_isReaderDone)
            return;
        Return(_buffer);
        _buffer = [];
        _start = _end = _examined = 0;
        _nextSize = Smallest;
    }

    private void Return(byte[] buffer)
    {
        if (buffer.Length > 0 && buffer != _own)
            ArrayPool<byte>.Shared.Return(buffer);
    }
}
