using System.Buffers;

namespace SocketSync;

/// <summary>One request in its turn, the reply to it, and the client that sent it.</summary>
/// <remarks>Valid until <see cref="IRequestProcessor.ProcessAsync"/> returns. Not thread-safe.</remarks>
public sealed class RequestContext
{
    private readonly IConversation _conversation;
    private readonly PooledBuffer _request = new();
    private readonly PooledBuffer _reply = new();
    private readonly ConversationLock _lock = new();
    private readonly bool _leaveIoThread;

    internal RequestContext(string resource, Client client, IConversation conversation, bool leaveIoThread)
    {
        Resource = resource;
        Client = client;
        _conversation = conversation;
        _leaveIoThread = leaveIoThread;
    }

    /// <summary>The resource's name.</summary>
    public string Resource { get; }

    /// <summary>The client that sent the request.</summary>
    public Client Client { get; }

    /// <summary>
    /// The request's bytes, its delimiter or length header included; valid until
    /// <see cref="IRequestProcessor.ProcessAsync"/> returns or the next <see cref="ReceiveAsync"/>.
    /// </summary>
    public ReadOnlySequence<byte> Request => new(_request.Written);

    /// <summary>
    /// Where the reply is written. It is sent when the turn has ended, or by <see cref="SendAsync"/>; nothing written
    /// means that no reply is sent.
    /// </summary>
    public IBufferWriter<byte> Reply => _reply;

    /// <summary>How the request ended, where the processor knows it; what it throws counts as failed.</summary>
    internal Outcome Outcome { get; set; }

    /// <summary>The client is closed when the turn has ended and the reply was sent.</summary>
    internal bool ClosesClient { get; set; }

    /// <summary>What is done for this client in its turn is charged here.</summary>
    internal WorkBudget Work { get; init; } = new();

    /// <summary>The turn that it is in, and whose.</summary>
    internal (TurnGate Gate, Turn Turn)? InTurn { get; set; }

    /// <inheritdoc cref="TurnGate.TryGuard"/>
    internal bool TryGuard(Action guard) => InTurn is not (var gate, var turn) || gate.TryGuard(turn, guard);

    internal PooledBuffer ReplyBuffer => _reply;

    internal int RequestLength => _request.Length;

    /// <summary>What the client has sent in this turn, its first request included.</summary>
    internal long ReceivedBytes { get; set; }

    /// <summary>What was sent to it during the turn.</summary>
    internal long SentBytes { get; set; }

    /// <summary>
    /// Sends what was written to <see cref="Reply"/> now, during the turn, and empties it, whatever comes of it. A client
    /// that has gone takes nothing; <see cref="ReceiveAsync"/> tells. A client that does not take it within its
    /// listener's <c>SendTimeout</c> is closed.
    /// </summary>
    /// <param name="cancellationToken">
    /// Gives up waiting; what was written may then have been sent, or not, but is not sent again.
    /// </param>
    /// <returns>A task that completes when the client's system has taken the bytes.</returns>
    /// <exception cref="OperationCanceledException">The turn is over, or <paramref name="cancellationToken"/> is cancelled.</exception>
    /// <exception cref="InvalidOperationException">Another send or receive is under way.</exception>
    public async ValueTask SendAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _lock.Enter();
        try
        {
            using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _lock.TurnIsOver);
            await _conversation.SendAsync(_reply.Written, cancelled.Token);
        }
        finally
        {
            _reply.Clear(); // Where waiting for it was given up, it may be on its way: sent again, the client had it twice.
            _lock.Exit();
        }

        if (_leaveIoThread)
            await Dispatcher.LeaveIoThread(); // what the processor does next may block
    }

    /// <summary>Receives the client's next request, as part of this turn.</summary>
    /// <param name="cancellationToken">Gives up waiting; what has come of the request so far is not lost.</param>
    /// <returns>
    /// The request, valid until the next call; <see langword="null"/> when the client has ended its stream or reset it,
    /// or has sent what is no request.
    /// </returns>
    /// <exception cref="OperationCanceledException">The turn is over, or <paramref name="cancellationToken"/> is cancelled.</exception>
    /// <exception cref="InvalidOperationException">Another send or receive is under way.</exception>
    public async ValueTask<ReadOnlySequence<byte>?> ReceiveAsync(CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        _lock.Enter();
        bool received;
        try
        {
            using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _lock.TurnIsOver);
            received = await _conversation.ReceiveAsync(_request, cancelled.Token);
        }
        finally
        {
            _lock.Exit();
        }

        if (_leaveIoThread)
            await Dispatcher.LeaveIoThread(); // what the processor does next may block
        return received ? Request : null;
    }

    /// <summary>
    /// The client in both directions at once, for a processor that passes bytes: one receive and one send may be under way.
    /// Ended by <see cref="LeaveClient"/>, soon after the token is cancelled.
    /// </summary>
    internal IConversation EnterClient(out CancellationToken turnIsOver)
    {
        _lock.Enter();
        turnIsOver = _lock.TurnIsOver;
        return _conversation;
    }

    internal void LeaveClient() => _lock.Exit();

    /// <summary>A new request's turn begins.</summary>
    internal void Open(in ReadOnlySequence<byte> request)
    {
        _request.Set(request);
        ReceivedBytes = request.Length;
        SentBytes = 0;
        Outcome = Outcome.Ok;
        _lock.Open();
    }

    /// <summary>
    /// The processor may converse no more; completes when a call under way has left. What it has written is read after
    /// this, never before.
    /// </summary>
    internal ValueTask CloseAsync() => _lock.CloseAsync();

    /// <summary>Gives the buffers back. Never called for a context that a processor still has in its hands.</summary>
    internal void Clear()
    {
        _request.Clear();
        _reply.Clear();
    }
}

/// <summary>
/// The client during a turn, for a processor that sends and receives more than one request and one reply. The only way
/// from a processor back to the network, and in bytes: one that does not converse could run on another machine.
/// </summary>
internal interface IConversation
{
    /// <summary>Sends <paramref name="bytes"/>. A client that is gone takes nothing, which is no error.</summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Receives the client's next request into <paramref name="request"/>.</summary>
    /// <returns><see langword="false"/>: the client has ended its stream, reset it, or sent what is no request.</returns>
    ValueTask<bool> ReceiveAsync(PooledBuffer request, CancellationToken cancellationToken);
}
