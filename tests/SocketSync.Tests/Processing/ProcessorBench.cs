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
        Shared = new SharedResource("R", new ProcessorRegistration("P", neverBlocks, (_, _) => processor), processor, _gate.Gate, new ResourceTelemetry("R", new TurnFeed(), TimeProvider.System), Log);
        Client = NewClient();
    }

    public SharedResource Shared { get; }

    public GateBench Bench => _gate;

    public LogList Log { get; }

    public BenchClient Client { get; private set; }

    public Turn Turn => Client.Turn;

    public FakeConversation Conversation { get; } = new();

    public BenchClient NewClient()
    {
        var turn = GateBench.NewTurn();
        return new(turn, new RequestContext("R", turn.Client, Conversation, leaveIoThread: !Shared.NeverBlocks));
    }

    /// <summary>One request of the one client, as a connection does it.</summary>
    public async Task<Outcome> RequestAsync()
    {
        if (Turn.CompletedEarly)
            Client = NewClient();
        return await Client.AskAsync(Shared).Bound();
    }

    public void Dispose() => _gate.Dispose();

    /// <summary>A client that waits for nothing and never goes away.</summary>
    internal sealed class BenchClient(Turn turn, RequestContext context) : IResourceClient
    {
        public Turn Turn => turn;

        public RequestContext Context => context;

        public ReadOnlySequence<byte> Request { get; set; } = new("request"u8.ToArray());

        public ClientAccess? Access { get; set; }

        public ReadOnlySequence<byte> Reply { get; set; }

        public Action OnWait { get; set; } = static () => { };

        public Func<bool> IsThere { get; set; } = static () => true;

        public void BeginWait() => OnWait();

        public bool EndWait() => IsThere();

        public RequestContext OpenContext()
        {
            context.Open(Request);
            return context;
        }

        public async ValueTask<Outcome> AskAsync(SharedResource shared)
        {
            var outcome = await shared.ServeAsync(this, arrivedAt: null);
            await context.CloseAsync();
            if (!turn.CompletedEarly)
                context.Clear();
            return outcome;
        }
    }

    private sealed class Delegated(Func<RequestContext, CancellationToken, ValueTask> process) : IRequestProcessor
    {
        public ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken) => process(context, cancellationToken);
    }
}
