using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace SocketSync;

/// <summary>A request during its turn, its reply, and the client that sent it.</summary>
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
    /// The request's bytes, including its delimiter or length header; valid until
    /// <see cref="IRequestProcessor.ProcessAsync"/> returns or the next <see cref="ReceiveAsync"/>.
    /// </summary>
    public ReadOnlySequence<byte> Request => new(_request.Written);

    /// <summary>
    /// The buffer for the reply. It is sent when the turn has ended, or by <see cref="SendAsync"/>; if nothing is written, no reply
    /// is sent.
    /// </summary>
    public IBufferWriter<byte> Reply => _reply;

    /// <summary>
    /// Where several nodes share the resource: the number of the term in which this node owns it, greater than that of every owner
    /// before. A device or program that compares it can refuse an older owner. 0 where the server is alone.
    /// </summary>
    public long Epoch { get; internal set; }

    /// <summary>The outcome, as set by the processor; an exception counts as Failed.</summary>
    internal Outcome Outcome { get; set; }

    /// <summary>Whether to close the client after the turn has ended and the reply was sent.</summary>
    internal bool ClosesClient { get; set; }

    /// <summary>The client's budget, charged for work on its behalf during the turn.</summary>
    internal WorkBudget Work { get; init; } = new();

    /// <summary>The current turn and its gate.</summary>
    internal (TurnGate Gate, Turn Turn)? InTurn { get; set; }

    /// <inheritdoc cref="TurnGate.TryGuard"/>
    internal bool TryGuard(Action guard) => InTurn is not (var gate, var turn) || gate.TryGuard(turn, guard);

    internal PooledBuffer ReplyBuffer => _reply;

    internal int RequestLength => _request.Length;

    /// <summary>How many bytes the client has sent in this turn, including its first request.</summary>
    internal long ReceivedBytes { get; set; }

    /// <summary>How many bytes were sent to the client during the turn.</summary>
    internal long SentBytes { get; set; }

    /// <summary>
    /// Sends the content of <see cref="Reply"/> now, during the turn, and empties the buffer whatever the result. If the client has
    /// disconnected, this does nothing; <see cref="ReceiveAsync"/> reports it. A client that does not take the bytes within its
    /// listener's <c>SendTimeout</c> is closed.
    /// </summary>
    /// <param name="cancellationToken">
    /// Cancels the wait; the bytes may or may not have been sent by then, and are not sent again.
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
            _reply.Clear(); // After a cancelled wait the bytes may still be on their way; sending them again would duplicate them.
            _lock.Exit();
        }

        if (_leaveIoThread)
            await Dispatcher.LeaveIoThread(); // what the processor does next may block
    }

    /// <summary>Receives the client's next request, as part of this turn.</summary>
    /// <param name="cancellationToken">Cancels the wait; bytes of the request received so far are kept.</param>
    /// <returns>
    /// The request, valid until the next call; <see langword="null"/> if the client has ended its stream, reset the connection,
    /// or sent an invalid request.
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
    /// Gives a processor that passes bytes access to the client in both directions at once: one receive and one send may be in
    /// progress. Call <see cref="LeaveClient"/> soon after the token is cancelled.
    /// </summary>
    internal IConversation EnterClient(out CancellationToken turnIsOver)
    {
        _lock.Enter();
        turnIsOver = _lock.TurnIsOver;
        return _conversation;
    }

    internal void LeaveClient() => _lock.Exit();

    /// <summary>The turn has this link. If it is a serial line, it is set as the client wants it, if that has said so.</summary>
    internal void BeginLine(IOpenLink link)
    {
        if (link.Line is { } line)
            _conversation.BeginLine(line);
    }

    /// <summary>The turn does not use its link any more: a serial line is set as configured. To be called before anybody else gets it.</summary>
    internal void EndLine() => _conversation.EndLine();

    /// <summary>Prepares the context for the turn of a new request.</summary>
    internal void Open(in ReadOnlySequence<byte> request)
    {
        _request.Set(request);
        ReceivedBytes = request.Length;
        SentBytes = 0;
        Outcome = Outcome.Ok;
        _lock.Open();
    }

    /// <summary>
    /// Revokes the processor's access to the client; completes when a call in progress has returned. Read what the processor has
    /// written only after this.
    /// </summary>
    internal ValueTask CloseAsync() => _lock.CloseAsync();

    /// <summary>Returns the buffers. Never called for a context that a processor still uses.</summary>
    internal void Clear()
    {
        _request.Clear();
        _reply.Clear();
    }
}

/// <summary>
/// The client during a turn, for a processor that exchanges more than one request and one reply. It is the only way from a
/// processor back to the network, and passes only bytes: a processor that does not converse could run on another machine.
/// </summary>
internal interface IConversation
{
    /// <summary>
    /// Tells a client that has waited in line with a notice (<see cref="ResourceOptions.Notice"/>) that it has the turn. To be called
    /// before anything is sent or received. Does nothing otherwise.
    /// </summary>
    ValueTask BeginAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <summary>The client's turn has this line, and sets it as it likes (RFC 2217), until <see cref="EndLine"/>.</summary>
    void BeginLine(SerialTerminal line)
    {
    }

    /// <summary>Sets the line as configured. Does nothing without a line.</summary>
    void EndLine()
    {
    }

    /// <summary>Sends <paramref name="bytes"/>. Does nothing if the client is gone, which is not an error.</summary>
    ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Receives the client's next request into <paramref name="request"/>.</summary>
    /// <returns><see langword="false"/> if the client has ended its stream, reset the connection, or sent an invalid request.</returns>
    ValueTask<bool> ReceiveAsync(PooledBuffer request, CancellationToken cancellationToken);
}

/// <summary>
/// Guards a client's connection during a turn: the processor may use it, one call at a time, until the turn is over; then the
/// connection itself, once a call in progress has returned.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The source has neither a timer nor a link nor a wait handle, and so nothing to dispose of.")]
internal sealed class ConversationLock
{
    private const int Closed = 0;
    private const int Free = 1;
    private const int InUse = 2;
    private const int Closing = 3;

    private CancellationTokenSource _over = new();
    private TaskCompletionSource? _left;
    private int _state;

    /// <summary>Cancelled when a call in progress must end because the turn is over.</summary>
    public CancellationToken TurnIsOver => _over.Token;

    public void Open() => Volatile.Write(ref _state, Free);

    public void Enter()
    {
        switch (Interlocked.CompareExchange(ref _state, InUse, Free))
        {
            case Free:
                return;
            case InUse:
                throw new InvalidOperationException("Another send or receive of this turn is still under way.");
            default:
                throw new OperationCanceledException("The turn is over.");
        }
    }

    public void Exit()
    {
        if (Interlocked.CompareExchange(ref _state, Free, InUse) == InUse)
            return;

        var left = _left!;
        _over = new CancellationTokenSource();
        Volatile.Write(ref _state, Closed);
        left.SetResult();
    }

    /// <summary>Revokes the processor's access. Cancels a call in progress, and completes when it has returned.</summary>
    public ValueTask CloseAsync()
    {
        while (Interlocked.CompareExchange(ref _state, Closed, Free) is InUse)
        {
            var left = _left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var over = _over;
            if (Interlocked.CompareExchange(ref _state, Closing, InUse) != InUse)
                continue; // the call has returned between the two checks

            over.CancelInBackground();
            return new ValueTask(left.Task);
        }

        return ValueTask.CompletedTask;
    }
}
