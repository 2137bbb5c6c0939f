using System.Buffers;
using System.Net;
using System.Net.Sockets;

namespace SocketSync;

/// <summary>
/// One datagram, which is one request, and its sender, who is the client for this one request: takes it through the queue and its turn,
/// and sends the reply as one datagram.
/// </summary>
/// <param name="socket">The socket that received the datagram; it does not block.</param>
/// <param name="sender">The address to reply to.</param>
/// <param name="client">The sender as a client.</param>
/// <param name="places">Counts how many requests of the sender wait.</param>
/// <param name="listener">The listener that received the datagram.</param>
internal sealed class DatagramRequest(
    Socket socket, SocketAddress sender, Client client, SenderPlaces places, ListenerState listener) : IResourceClient, IConversation
{
    private readonly PooledBuffer _request = new();
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _lastAnswer = Task.CompletedTask;
    private readonly ClientAccess _access = new(client, listener.Options.Protocol!);
    private RequestContext? _context;
    private Turn? _turn;
    private Route? _route;
    private ReadOnlySequence<byte> _reply;
    private bool _hasPlace;

    Turn IResourceClient.Turn => _turn!;

    ReadOnlySequence<byte> IResourceClient.Request => Frame;

    ReadOnlySequence<byte> IResourceClient.Reply
    {
        set
        {
            _reply = value;
            if (_turn!.State == TurnState.Running) // otherwise it is a reply of the cache, which waits for nobody
                _lastAnswer = _route!.FollowLastAnswer(_answered.Task);
        }
    }

    ClientAccess? IResourceClient.Access => _access;

    private ReadOnlySequence<byte> Frame => new(_request.Written);

    /// <summary>Takes over the datagram's bytes.</summary>
    /// <returns><see langword="false"/> if it is not exactly one request; it is then dropped and counted.</returns>
    public bool TryAccept(ReadOnlySpan<byte> datagram)
    {
        if (!datagram.IsEmpty)
        {
            _request.Write(datagram);
            if (listener.Protocol.FindRequest(Frame, searched: 0) is { Status: FrameStatus.Complete } found && found.Length == datagram.Length)
                return true;
        }

        listener.Routes[0].Count(Outcome.Malformed, client);
        _request.Clear();
        return false;
    }

    /// <summary>Serves the request, and sends its reply or error. Throws nothing that the sender can cause.</summary>
    public async Task ServeAsync()
    {
        try
        {
            if (listener.RouteOf(Frame) is not { } route)
            {
                listener.Units!.CountLost(Frame, client);
                SendError(listener.Routes[0], Outcome.Unavailable);
                return;
            }

            _route = route;
            _turn = new Turn(client, listener.Options.Priority);
            var outcome = await route.Resource.ServeAsync(this, arrivedAt: null);
            if (_context is { } context)
                await context.CloseAsync();
            await _lastAnswer;
            Answer(route, outcome);
        }
        finally
        {
            _answered.SetResult();
            LeavePlace();
            _request.Clear();
        }
    }

    bool IResourceClient.MayWait => places.MayWait(sender);

    /// <summary>Takes one of the sender's places in the queue.</summary>
    void IResourceClient.BeginWait()
    {
        places.Enter(sender);
        _hasPlace = true;
    }

    /// <remarks>Nobody can tell whether the sender is still there.</remarks>
    bool IResourceClient.EndWait()
    {
        LeavePlace();
        return true;
    }

    RequestContext IResourceClient.OpenContext()
    {
        var resource = _route!.Resource;
        _context = new RequestContext(resource.Name, client, this, leaveIoThread: !resource.NeverBlocks);
        _context.Open(Frame);
        _lastAnswer = _route.FollowLastAnswer(_answered.Task);
        return _context;
    }

    ValueTask IConversation.SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => throw new InvalidOperationException(
        "A client that sends datagrams gets one, when the turn has ended: a processor that sends during the turn needs a listener with Transport Stream.");

    /// <remarks>A sender has no stream that could bring a further request.</remarks>
    ValueTask<bool> IConversation.ReceiveAsync(PooledBuffer request, CancellationToken cancellationToken) => ValueTask.FromResult(false);

    private void Answer(Route route, Outcome outcome)
    {
        if (outcome.IsAnswered())
        {
            var reply = _context is { } context ? context.ReplyBuffer.Written.Span : _reply.FirstSpan;
            // A datagram without content would be no reply to anything: where none is due, nothing is sent.
            if (!reply.IsEmpty && !TrySend(reply))
                outcome = Outcome.Failed;
        }

        route.Count(outcome, client);
        if (!outcome.IsAnswered())
            SendError(route, outcome);
    }

    private void SendError(Route route, Outcome outcome)
    {
        if (route.OnError == OnError.Close)
            return;
        var error = new ArrayBufferWriter<byte>(64);
        if (listener.Protocol.TryWriteError(outcome, Frame, error))
            TrySend(error.WrittenSpan);
    }

    /// <summary>Sends one datagram, or loses it as a network may: a sender that takes none must not keep others waiting.</summary>
    /// <returns><see langword="false"/> if it is larger than a datagram can be.</returns>
    private bool TrySend(ReadOnlySpan<byte> datagram)
    {
        try
        {
            socket.SendTo(datagram, SocketFlags.None, sender);
            return true;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode != SocketError.MessageSize;
        }
        catch (Exception exception) when (exception is ObjectDisposedException or ArgumentException)
        {
            return true; // the listener is closed, or the sender's Unix socket has no name to reply to
        }
    }

    private void LeavePlace()
    {
        if (!_hasPlace)
            return;
        _hasPlace = false;
        places.Leave(sender);
    }
}

/// <summary>How many requests of each sender of datagrams wait; a sender of whom none waits is not remembered.</summary>
internal sealed class SenderPlaces
{
    /// <summary>The places in the queue that one sender may have: it has no connection, whose one request at a time would limit it.</summary>
    public const int Most = 16;

    private readonly Lock _sync = new();
    private readonly Dictionary<SocketAddress, int> _waiting = [];

    /// <summary>How many senders have requests that wait.</summary>
    public int Count
    {
        get
        {
            lock (_sync)
                return _waiting.Count;
        }
    }

    /// <summary>Whether a further request of the sender may wait.</summary>
    public bool MayWait(SocketAddress sender)
    {
        lock (_sync)
            return _waiting.Count == 0 || _waiting.GetValueOrDefault(sender) < Most;
    }

    public void Enter(SocketAddress sender)
    {
        lock (_sync)
            _waiting[sender] = _waiting.GetValueOrDefault(sender) + 1;
    }

    public void Leave(SocketAddress sender)
    {
        lock (_sync)
        {
            if (_waiting[sender] == 1)
                _waiting.Remove(sender);
            else
                _waiting[sender]--;
        }
    }
}
