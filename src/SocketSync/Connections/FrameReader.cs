using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>
/// Splits a client's bytes into requests. Holds one read of the pipe for as long as complete requests are in it, so that a batch
/// costs one read. A request that must wait is given back to the pipe, which keeps it until its turn.
/// </summary>
internal sealed class FrameReader(PipeReader input, IProtocol protocol)
{
    private ReadOnlySequence<byte> _unread;
    private bool _isHeld;
    private long _searched;
    private long _frameLength;

    /// <summary>Whether the client has ended its stream: no bytes follow the unread ones.</summary>
    public bool IsCompleted { get; private set; }

    /// <summary>Whether the connection is lost: reset by the client, or aborted by the server.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Whether received bytes are held that do not belong to a consumed request.</summary>
    public bool HasUnread => _isHeld && !_unread.IsEmpty;

    /// <summary>The request found last.</summary>
    public ReadOnlySequence<byte> Frame => _unread.Slice(0, _frameLength);

    /// <summary>The bytes that were received but not consumed.</summary>
    public ReadOnlySequence<byte> Unread => _unread;

    /// <summary>Looks for a request in the bytes received so far.</summary>
    public FrameStatus Find()
    {
        if (!_isHeld || _unread.IsEmpty)
            return FrameStatus.Incomplete;

        var result = protocol.FindRequest(_unread, _searched);
        _frameLength = result.Length;
        if (result.Status == FrameStatus.Incomplete)
            _searched = _unread.Length;
        return result.Status;
    }

    /// <summary>Waits for more bytes than the unread ones.</summary>
    /// <returns><see langword="false"/> if the wait was cancelled; bytes received so far are kept.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> FillAsync()
    {
        try
        {
            return Take(await BeginFill());
        }
        catch (Exception exception) when (IsLoss(exception))
        {
            return Lose();
        }
    }

    /// <summary>Begins to wait for more bytes: for a caller that waits anyway, and spares a request one more asynchronous method.</summary>
    /// <returns>What <see cref="Take"/> is for; a failure that <see cref="IsLoss"/> is for <see cref="Lose"/>.</returns>
    public ValueTask<ReadResult> BeginFill()
    {
        if (_isHeld)
        {
            _isHeld = false;
            input.AdvanceTo(_unread.Start, _unread.End);
        }

        return input.ReadAsync();
    }

    public static bool IsLoss(Exception exception) => exception is IOException or OperationCanceledException or ObjectDisposedException;

    /// <summary>The connection is lost. Reported as a value: an exception thrown through all callers would cost the thread ten times as much.</summary>
    public bool Lose()
    {
        IsLost = IsCompleted = true;
        _unread = default;
        return true;
    }

    /// <summary>Consumes the request found last.</summary>
    public void Consume()
    {
        _unread = _unread.Slice(_frameLength);
        _frameLength = 0;
        _searched = 0;
    }

    /// <summary>Gives the request found last and the bytes after it back to the pipe until <see cref="TryReclaim"/>.</summary>
    public void GiveBack()
    {
        _isHeld = false;
        input.AdvanceTo(_unread.Start);
    }

    /// <summary>Takes the request that was given back from the pipe again; <see cref="Frame"/> is then valid again.</summary>
    /// <returns><see langword="false"/> if the client has reset its connection in the meantime.</returns>
    public bool TryReclaim()
    {
        try
        {
            if (!input.TryRead(out var result))
                throw new InvalidOperationException("What was given back to the pipe is gone.");
            Take(result);
            return true;
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            return false; // a reset or our own abort: the pipe reports both as an error of its writer
        }
    }

    /// <summary>Discards all bytes received so far.</summary>
    public void Discard()
    {
        _unread = _unread.Slice(_unread.End);
        _frameLength = 0;
        _searched = 0;
    }

    /// <summary>Gives up what was read last, so that another one can read on.</summary>
    public void LetGo()
    {
        if (!_isHeld)
            return;
        _isHeld = false;
        input.AdvanceTo(_unread.End);
        _unread = default;
    }

    /// <returns><see langword="false"/> if the wait was cancelled.</returns>
    public bool Take(in ReadResult result)
    {
        _unread = result.Buffer;
        _isHeld = true;
        IsCompleted = result.IsCompleted;
        return !result.IsCanceled;
    }
}
