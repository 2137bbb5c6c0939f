using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace SocketSync;

/// <summary>
/// A client of this node whose resource another node owns: passes its bytes on as they are, and the owner's back without the headers of
/// its chunks. Nothing is kept but what one read brings, so that who does not read stops who sends, through the node as without it.
/// </summary>
internal sealed class ForwardedClient : IDisposable
{
    private const string OwnerIsLost = "The node that served the client is gone.";

    /// <summary>How long to read from a client that is being closed, so that unread bytes do not make it lose the last reply.</summary>
    private static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(1);

    /// <summary>How often to look for a reset while nothing can be written, and so nothing is read.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    private readonly ConnectionContext _client;
    private readonly OwnerLink _owner;
    private readonly TimeProvider _time;
    private readonly PipeReader _input;
    private readonly PipeWriter _output;
    private readonly Socket? _socket;
    private readonly bool _isTls;
    private readonly bool _isOnPool;
    private readonly WorkBudget _work = new();
    private readonly Deadline _watch;
    private ChunkStripper _chunks = new();
    private bool _isSendStalled;
    private bool _isReceiveStalled;
    private bool _hasClientEnded;
    private volatile bool _isDraining;
    private volatile bool _isOver;

    public ForwardedClient(ConnectionContext client, OwnerLink owner, TimeProvider time)
    {
        (_client, _owner, _time) = (client, owner, time);
        (_input, _output) = (client.Transport.Input, client.Transport.Output);
        _socket = client.Features.Get<IConnectionSocketFeature>()?.Socket;
        _isTls = client.Features.Get<ITlsConnectionFeature>() is not null;
        _isOnPool = _isTls || owner.IsEncrypted;
        _watch = new Deadline(time, Look);
    }

    /// <summary>Ends the client's stream at the owner: it finishes what is under way, and nothing more is passed on.</summary>
    public void Drain()
    {
        _isDraining = true;
        _input.CancelPendingRead();
    }

    /// <summary>Passes bytes both ways until the owner has ended the connection, or either side has reset it.</summary>
    public async Task RunAsync()
    {
        if (!_isOnPool)
            await Dispatcher.SwitchToIoThread();
        var sending = SendAsync();
        var isWhole = await ReceiveAsync();
        if (!isWhole)
            Abort();
        else
            _owner.Reset(); // everything is here, and a connection that is reset leaves nothing behind in the system
        if (isWhole && !sending.IsCompleted && _socket is { Available: > 0 })
            await LingerAsync(sending);
        _isOver = true;
        _input.CancelPendingRead();
        await sending;
    }

    /// <summary>Closes the client by a reset, which it cannot take for the end of a reply, and the connection to the owner.</summary>
    public void Abort()
    {
        _client.Abort(new ConnectionAbortedException(OwnerIsLost));
        _owner.Reset();
    }

    public void Dispose() => _watch.Dispose();

    /// <summary>From the client to the owner. Throws nothing: what becomes of the connection is told by the other direction.</summary>
    private async Task SendAsync()
    {
        var hasEnded = false;
        while (!_isOver)
        {
            ReadResult result;
            try
            {
                result = await _input.ReadAsync();
                if (_isOnPool)
                    await Dispatcher.LeaveIoThread();
            }
            catch (Exception exception) when (IsEnd(exception))
            {
                _owner.Reset(); // as the client has done
                return;
            }

            var length = result.Buffer.Length;
            if (!await TrySendAsync(result.Buffer, hasEnded))
                return;
            _input.AdvanceTo(result.Buffer.End);
            if ((result.IsCompleted || _isDraining) && !hasEnded && !_isOver)
            {
                hasEnded = true;
                if (!await TryEndAsync())
                    return;
            }

            if (result.IsCompleted)
            {
                Watch(ref _hasClientEnded);
                return;
            }

            if (_work.Charge(WorkBudget.SystemCall + length))
                await Dispatcher.Yield();
        }
    }

    /// <returns><see langword="false"/> if the owner takes nothing more; it may have said goodbye before.</returns>
    private async ValueTask<bool> TrySendAsync(ReadOnlySequence<byte> bytes, bool hasEnded)
    {
        try
        {
            foreach (var segment in bytes)
            {
                if (hasEnded || _isOver || _isDraining)
                    break; // read only to see what becomes of the client
                var write = _owner.WriteAsync(segment);
                if (!write.IsCompleted)
                    Watch(ref _isSendStalled);
                await write;
                _isSendStalled = false;
            }

            return true;
        }
        catch (Exception exception) when (IsEnd(exception))
        {
            return false;
        }
    }

    private async ValueTask<bool> TryEndAsync()
    {
        try
        {
            await _owner.EndAsync();
            return true;
        }
        catch (Exception exception) when (IsEnd(exception))
        {
            return false;
        }
    }

    /// <summary>From the owner to the client.</summary>
    /// <returns>Whether the owner has ended the connection in order.</returns>
    private async Task<bool> ReceiveAsync()
    {
        try
        {
            var isHalfEnded = false;
            while (true)
            {
                var memory = _output.GetMemory();
                var read = _owner.ReadAsync(memory);
                // A wait ends by an event of its own, after those of all other sockets: only what is there already is work in a row.
                var isAtOnce = read.IsCompleted;
                var received = await read;
                if (_isOnPool)
                    await Dispatcher.LeaveIoThread();
                if (received == 0 || !_chunks.TryStrip(memory.Span[..received], out var length))
                    return false;
                if (length > 0)
                {
                    _output.Advance(length);
                    var flush = _output.FlushAsync();
                    if (!flush.IsCompleted)
                        Watch(ref _isReceiveStalled);
                    if ((await flush).IsCompleted)
                        return false;
                    _isReceiveStalled = false;
                }

                if (_chunks.IsEnded)
                    return true;
                if (_chunks.IsHalfEnded && !isHalfEnded)
                {
                    isHalfEnded = true;
                    EndOutput();
                }

                if (isAtOnce && _work.Charge(WorkBudget.SystemCall + received))
                    await Dispatcher.Yield();
            }
        }
        catch (Exception exception) when (IsEnd(exception))
        {
            return false;
        }
    }

    /// <summary>Closing a socket with unread bytes resets the connection, and the client may lose the last reply.</summary>
    private async Task LingerAsync(Task sending)
    {
        EndOutput();
        _isDraining = true; // what comes is discarded
        _input.CancelPendingRead();
        await Task.WhenAny(sending, Task.Delay(LingerTime, _time));
    }

    // With TLS, a half-close of the socket would look like a truncation attack.
    private void EndOutput()
    {
        if (!_isTls)
            _socket?.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Looks for a reset that no read tells: one that stands behind what cannot be passed on, or behind the end of the stream.</summary>
    private void Watch(ref bool reason)
    {
        Volatile.Write(ref reason, true);
        _watch.Set(LookEvery);
    }

    private void Look()
    {
        if (_isOver)
            return;
        if (TcpFault.IsReset(_socket) || _owner.IsReset)
            Abort();
        else if (Volatile.Read(ref _isSendStalled) || Volatile.Read(ref _isReceiveStalled) || Volatile.Read(ref _hasClientEnded))
            _watch.Set(LookEvery);
    }

    private static bool IsEnd(Exception exception) =>
        ClientDeparture.IsDeparture(exception) || exception is SocketException or OperationCanceledException;
}
