using System.Buffers;

namespace SocketSync.Tests;

/// <summary>A resource with a processor of the test's own, and one client of it.</summary>
internal sealed class ProcessorBench : IDisposable
{
    private readonly GateBench _gate;

    public ProcessorBench(
        Func<RequestContext, CancellationToken, ValueTask> process, bool neverBlocks = false, GateOptions? options = null, TimeProvider? time = null, LogList? log = null)
    {
        _gate = new GateBench(options, time);
        Log = log ?? new LogList();
        var processor = new Delegated(process);
        Shared = new SharedProcessor("R", new ProcessorRegistration("P", neverBlocks, (_, _) => processor), processor, _gate.Gate, new ResourceWatch("R", new TurnFeed(), TimeProvider.System), Log);
        (Turn, Context) = NewClient();
    }

    public SharedProcessor Shared { get; }

    public GateBench Bench => _gate;

    public LogList Log { get; }

    public Turn Turn { get; private set; }

    public RequestContext Context { get; private set; }

    public FakeConversation Conversation { get; } = new();

    public (Turn Turn, RequestContext Context) NewClient()
    {
        var turn = GateBench.NewTurn();
        return (turn, new RequestContext("R", turn.Client, Conversation, leaveIoThread: !Shared.NeverBlocks));
    }

    /// <summary>One request of the one client, as a connection does it.</summary>
    public async Task<Outcome> RequestAsync()
    {
        if (Turn.IsOutstayed)
            (Turn, Context) = NewClient();
        GateBench.AssertAtOnce(Outcome.Ok, Shared.Gate.Enter(Turn));
        Context.Open(new ReadOnlySequence<byte>("request"u8.ToArray()));
        var outcome = await Shared.Process(Turn, Context).Bound();
        await Context.CloseAsync().Bound();
        if (!Turn.IsOutstayed)
            Context.Clear();
        return outcome;
    }

    public void Dispose() => _gate.Dispose();

    private sealed class Delegated(Func<RequestContext, CancellationToken, ValueTask> process) : IRequestProcessor
    {
        public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken) => process(context, cancellationToken);
    }
}
