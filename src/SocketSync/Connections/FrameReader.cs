using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace SocketSync;

/// <summary>
/// Cuts a client's bytes into requests. Holds on to one read of the pipe for as long as whole requests are in it, so
/// that a batch costs one read; a request that must wait is given back to the pipe, where it keeps until its turn.
/// </summary>
internal sealed class FrameReader(PipeReader input, IProtocol protocol)
{
    private ReadOnlySequence<byte> _unread;
    private bool _isHeld;
    private long _searched;
    private long _frameLength;

    /// <summary>Whether the client has ended its stream: what is unread is all there will ever be.</summary>
    public bool IsCompleted { get; private set; }

    /// <summary>Whether the connection is gone: reset by the client, or aborted here.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Whether bytes are here that no request was made of yet.</summary>
    public bool HasUnread => _isHeld && !_unread.IsEmpty;

    /// <summary>The request found last.</summary>
    public ReadOnlySequence<byte> Frame => _unread.Slice(0, _frameLength);

    /// <summary>What has come and was not consumed.</summary>
    public ReadOnlySequence<byte> Unread => _unread;

    /// <summary>Looks for a request in what is here already.</summary>
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

    /// <summary>Waits for more bytes than are here.</summary>
    /// <returns><see langword="false"/>: the wait was cancelled; what has come is kept.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> FillAsync()
    {
        if (_isHeld)
        {
            _isHeld = false;
            input.AdvanceTo(_unread.Start, _unread.End);
        }

        try
        {
            return Take(await input.ReadAsync());
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Told as a value from here on: thrown through everything above, a reset would cost the thread ten times as much.
            IsLost = IsCompleted = true;
            _unread = default;
            return true;
        }
    }

    /// <summary>The request found last is done with.</summary>
    public void Consume()
    {
        _unread = _unread.Slice(_frameLength);
        _frameLength = 0;
        _searched = 0;
    }

    /// <summary>Gives the request found last, and what follows it, back to the pipe until <see cref="TryReclaim"/>.</summary>
    public void GiveBack()
    {
        _isHeld = false;
        input.AdvanceTo(_unread.Start);
    }

    /// <summary>Takes the request that was given back; <see cref="Frame"/> is it again.</summary>
    /// <returns><see langword="false"/>: the client has reset its connection in the meantime.</returns>
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
            return false; // a reset, or our own abort: both come out of the pipe as its writer's error
        }
    }

    /// <summary>Everything that has come is of no interest.</summary>
    public void Discard() => _unread = _unread.Slice(_unread.End);

    private bool Take(in ReadResult result)
    {
        _unread = result.Buffer;
        _isHeld = true;
        IsCompleted = result.IsCompleted;
        return !result.IsCanceled;
    }
}
