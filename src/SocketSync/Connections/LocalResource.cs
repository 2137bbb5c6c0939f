using System.Buffers;
using System.Runtime.ExceptionServices;

namespace SocketSync;

/// <summary>A resource as the host's own code uses it: without a connection, in one line with all clients.</summary>
/// <param name="resource">The resource.</param>
/// <param name="protocol">Its protocol, by which a request must be exactly one.</param>
/// <param name="client">The host's code as a client.</param>
internal sealed class LocalResource(SharedResource resource, IProtocol protocol, Client client) : ISharedResource
{
    /// <summary>Counts the requests; its settings say what a client is told, which nobody is here.</summary>
    public Route Route { get; } = new(resource);

    /// <summary>Whether somebody has asked for this.</summary>
    public bool IsUsed { get; set; }

    public string Name => resource.Name;

    /// <summary>The name of a listener under which its requests are counted.</summary>
    public string ListenerName => client.Listener;

    public async Task RunAsync(Func<CancellationToken, ValueTask> work, Priority priority = Priority.Normal, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        cancellationToken.ThrowIfCancellationRequested();
        var run = new LocalWork(work, cancellationToken);
        var call = new LocalCall(resource, new Turn(client, priority) { Work = run.RunAsync }, request: default, cancellationToken);
        var outcome = resource.IsStarted ? await resource.RunAsync(call) : Outcome.Unavailable;
        resource.Gate.Leave(call.Turn); // a lease of a resource that is held for longer
        Route.Count(outcome, client);
        run.Error?.Throw();
        switch (outcome)
        {
            case Outcome.Ok:
                return;
            case Outcome.Timeout:
                throw new TimeoutException($"The turn of resource {Name} took longer than allowed.");
            case Outcome.Abandoned:
                throw new OperationCanceledException(cancellationToken);
            default:
                throw new TurnRefusedException(Name, outcome);
        }
    }

    public async Task<SharedReply> AskAsync(ReadOnlyMemory<byte> request, Priority priority = Priority.Normal, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var asking = AskAsync(new ReadOnlySequence<byte>(request), priority, cancellationToken);
        asking.Forget(); // somebody who has stopped waiting does not want to hear of it
        var reply = await asking.WaitAsync(cancellationToken);
        if (reply.Outcome == Outcome.Abandoned)
            cancellationToken.ThrowIfCancellationRequested();
        return reply;
    }

    private async Task<SharedReply> AskAsync(ReadOnlySequence<byte> request, Priority priority, CancellationToken cancellationToken)
    {
        if (RefusalOf(request) is { } refused)
        {
            Route.Count(refused, client);
            return new(refused, default);
        }

        var call = new LocalCall(resource, new Turn(client, priority), request, cancellationToken);
        var outcome = resource.IsStarted ? await resource.ServeAsync(call, arrivedAt: null) : Outcome.Unavailable;
        var reply = await call.EndAsync(outcome);
        resource.Gate.Leave(call.Turn);
        Route.Count(outcome, client);
        return new(outcome, reply);
    }

    private Outcome? RefusalOf(in ReadOnlySequence<byte> request)
    {
        if (request.IsEmpty)
            return Outcome.Malformed;
        var found = protocol.FindRequest(request, searched: 0);
        return found.Status switch
        {
            FrameStatus.Complete when found.Length == request.Length => null,
            FrameStatus.TooLarge => Outcome.TooLarge,
            _ => Outcome.Malformed,
        };
    }
}

/// <summary>Code of the host that is run in a turn.</summary>
internal sealed class LocalWork(Func<CancellationToken, ValueTask> work, CancellationToken cancellationToken)
{
    /// <summary>What it has thrown.</summary>
    public ExceptionDispatchInfo? Error { get; private set; }

    public async ValueTask<Outcome> RunAsync(CancellationToken turnIsOver)
    {
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(turnIsOver, cancellationToken);
        try
        {
            await work(cancelled.Token);
            return Outcome.Ok;
        }
        catch (OperationCanceledException) when (cancelled.IsCancellationRequested)
        {
            return Outcome.Abandoned; // unless the turn has timed out, which is known by now
        }
        catch (Exception exception)
        {
            Error = ExceptionDispatchInfo.Capture(exception);
            return Outcome.Failed;
        }
    }
}

/// <summary>One request, or one piece of work, of the host's own code.</summary>
internal sealed class LocalCall(SharedResource resource, Turn turn, ReadOnlySequence<byte> request, CancellationToken cancellationToken) : IResourceClient, IConversation
{
    private readonly ArrayBufferWriter<byte> _sent = new();
    private CancellationTokenRegistration _leaving;
    private RequestContext? _context;

    public Turn Turn => turn;

    public ReadOnlySequence<byte> Request => request;

    /// <summary>No rule is for the host's own code.</summary>
    public ClientAccess? Access => null;

    public ReadOnlySequence<byte> Reply
    {
        set
        {
            foreach (var segment in value) _sent.Write(segment.Span);
        }
    }

    public void BeginWait() =>
        _leaving = cancellationToken.UnsafeRegister(static me => ((LocalCall)me!).Leave(), this);

    public bool EndWait()
    {
        _leaving.Dispose();
        return !cancellationToken.IsCancellationRequested;
    }

    public RequestContext OpenContext()
    {
        _context = new RequestContext(resource.Name, turn.Client, this, leaveIoThread: !resource.NeverBlocks);
        _context.Open(request);
        return _context;
    }

    /// <summary>The request is over.</summary>
    /// <returns>The reply, if it was answered.</returns>
    public async ValueTask<ReadOnlyMemory<byte>> EndAsync(Outcome outcome)
    {
        if (_context is { } context)
        {
            await context.CloseAsync();
            if (outcome.IsAnswered())
                _sent.Write(context.ReplyBuffer.Written.Span);
            if (!turn.CompletedEarly)
                context.Clear();
        }

        return outcome.IsAnswered() ? _sent.WrittenMemory : default;
    }

    ValueTask IConversation.SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        _sent.Write(bytes.Span);
        return ValueTask.CompletedTask;
    }

    /// <remarks>There is one request: to a processor that converses, its client has ended its stream.</remarks>
    ValueTask<bool> IConversation.ReceiveAsync(PooledBuffer request, CancellationToken cancellationToken) => ValueTask.FromResult(false);

    private void Leave() => resource.Gate.Leave(turn);
}
