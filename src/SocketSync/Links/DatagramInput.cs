using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace SocketSync;

/// <summary>
/// Reads a connected UDP socket: a read brings one datagram, and never parts of two. The next is received as soon as one is
/// consumed; more wait in the system, which drops what it has no room for.
/// </summary>
internal sealed class DatagramInput : PipeReader, IValueTaskSource<ReadResult>
{
    private readonly Lock _sync = new();
    private readonly Socket _socket;
    private readonly string _link;
    private readonly Action _answered;
    private readonly byte[] _datagram = new byte[ushort.MaxValue + 1]; // more than any holds, so that none is cut
    private ManualResetValueTaskSourceCore<ReadResult> _awaited;
    private bool _isAwaited;
    private ReadOnlySequence<byte> _unread;
    private bool _isCancelled;
    private bool _isCompleted;
    private LinkException? _error;

    /// <param name="socket">Is connected. Whoever closes it ends the input.</param>
    /// <param name="link">The link's <see cref="ILink.Description"/>.</param>
    /// <param name="answered">Called when something has come.</param>
    public DatagramInput(Socket socket, string link, Action answered)
    {
        (_socket, _link, _answered) = (socket, link, answered);
        Receive();
    }

    /// <summary>Is told of each datagram, if the link is watched.</summary>
    public DeviceWatch? Watch { get; set; }

    public override bool TryRead(out ReadResult result)
    {
        lock (_sync)
            return TryTake(out result);
    }

    /// <remarks>Continues on the thread that brought the datagram.</remarks>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        lock (_sync)
        {
            if (TryTake(out var result))
                return new(result);
            _awaited.Reset();
            _isAwaited = true;
            return new(this, _awaited.Version);
        }
    }

    public override void AdvanceTo(SequencePosition consumed)
    {
        lock (_sync)
        {
            if (_unread.IsEmpty)
                return;
            _unread = _unread.Slice(consumed);
            if (!_unread.IsEmpty || _isCompleted)
                return;
        }

        Receive();
    }

    /// <remarks>What is not consumed is read again at once: no datagram ever becomes longer.</remarks>
    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => AdvanceTo(consumed);

    public override void CancelPendingRead()
    {
        lock (_sync)
            _isCancelled = true;
        Wake();
    }

    public override void Complete(Exception? exception = null) => End(null);

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token) => _awaited.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _awaited.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _awaited.OnCompleted(continuation, state, token, flags);

    /// <summary>Receives the next one; what the system has already is there when this returns.</summary>
    private void Receive()
    {
        ValueTask<int> receiving;
        try
        {
            receiving = _socket.ReceiveAsync(_datagram, CancellationToken.None);
        }
        catch (ObjectDisposedException)
        {
            End(null);
            return;
        }

        if (!receiving.IsCompletedSuccessfully)
        {
            FinishAsync(receiving).Observe();
            return;
        }

        var count = receiving.Result;
        if (count > 0)
            Arrived(count);
        else
            FinishAsync(new(count)).Observe();
    }

    private async Task FinishAsync(ValueTask<int> receiving)
    {
        try
        {
            var count = await receiving;
            // An empty datagram is none. Counted here and not by a budget: nobody waits for these.
            for (var inARow = WorkBudget.SystemCall; count == 0; inARow += WorkBudget.SystemCall)
            {
                if (inARow % WorkBudget.Limit == 0)
                    await Dispatcher.Yield();
                count = await _socket.ReceiveAsync(_datagram, CancellationToken.None);
            }

            Arrived(count);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            End(e switch
            {
                // The device's host says so by ICMP (RFC 1122, 4.1.3.3).
                SocketException { SocketErrorCode: SocketError.ConnectionRefused } => new($"{_link}: nobody listens on the port", e),
                SocketException { SocketErrorCode: not SocketError.OperationAborted } => LinkException.Of(_link, e),
                _ => null, // closed here
            });
        }
    }

    private void Arrived(int count)
    {
        _answered();
        Watch?.Said(_datagram.AsSpan(0, count));
        lock (_sync)
            _unread = new(_datagram, 0, count);
        Wake();
    }

    private void End(LinkException? error)
    {
        lock (_sync)
        {
            if (_isCompleted)
                return;
            (_isCompleted, _error) = (true, error);
        }

        Wake();
    }

    /// <summary>Ends the pending read, if there is something for it.</summary>
    private void Wake()
    {
        ReadResult result = default;
        LinkException? error;
        lock (_sync)
        {
            if (!_isAwaited)
                return;
            error = _unread.IsEmpty && !_isCancelled ? _error : null;
            if (error is null && !TryTake(out result))
                return;
            _isAwaited = false;
        }

        if (error is null) _awaited.SetResult(result);
        else _awaited.SetException(error);
    }

    /// <summary>Under the lock.</summary>
    /// <exception cref="LinkException">The link is lost, and everything that came before was read.</exception>
    private bool TryTake(out ReadResult result)
    {
        if (_unread.IsEmpty && !_isCancelled)
        {
            if (_error is not null)
                throw _error;
            if (!_isCompleted)
            {
                result = default;
                return false;
            }
        }

        result = new(_unread, _isCancelled, _unread.IsEmpty && _isCompleted);
        _isCancelled = false;
        return true;
    }
}
