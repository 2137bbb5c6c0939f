using System.Buffers;
using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Text;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

/// <summary>One resource behind one or more listeners, without a network and with a clock that the test moves.</summary>
internal sealed class SyncHost : IDisposable
{
    private readonly Meter _meter = new("SocketSync.Tests");
    private readonly TurnGate _gate;
    private readonly SharedResource _resource;

    public SyncHost(IRequestProcessor? processor = null, GateOptions? gate = null, ListenerOptions? listener = null, ProtocolOptions? protocol = null, OnError onError = OnError.Reply, FakeTimeProvider? time = null, JournalWriter? journal = null)
    {
        Time = time ?? new FakeTimeProvider();
        var telemetry = new ResourceTelemetry("R", Turns, Time, journal: journal);
        _gate = new TurnGate(gate ?? new GateOptions(), Time, new TurnMetrics(_meter, "R"), telemetry: telemetry);
        processor ??= new EchoProcessor();
        var registration = new ProcessorRegistration("P", NeverBlocks: processor is EchoProcessor or RelayProcessor, (_, _) => processor);
        _resource = new SharedResource("R", registration, processor, _gate, telemetry, NullLogger.Instance);
        _resource.Link?.Start();
        protocol ??= new ProtocolOptions { Name = "Line" };
        Listener = new ListenerState(
            "L", (listener ?? new ListenerOptions()) with { Protocol = protocol }, ProtocolCatalog.Create(protocol), [new Route(_resource) { OnError = onError }]);
    }

    public FakeTimeProvider Time { get; }

    public TurnFeed Turns { get; } = new();

    public ResourceTelemetry Telemetry => _resource.Telemetry;

    public TurnGate Gate => _gate;

    public ListenerState Listener { get; }

    /// <summary>Who may ask for what, as a reload of the configuration would set it.</summary>
    public IReadOnlyList<AccessOptions> Access
    {
        set => _resource.Access = AccessList.Of("R", new ResourceOptions { Access = value });
    }

    public InMemoryConnection Connect(PipeScheduler? scheduler = null, ILogger<ClientConnection>? logger = null)
    {
        var connection = new InMemoryConnection(scheduler);
        var pipeline = new ConnectionBuilder(new ServiceCollection().BuildServiceProvider());
        pipeline.UseConnectionTracking(Listener, Time);
        pipeline.Run(new ClientConnectionHandler(Listener, Time, logger ?? NullLogger<ClientConnection>.Instance).OnConnectedAsync);
        var serve = pipeline.Build();
        connection.Served = ServeAsync();
        return connection;

        async Task ServeAsync()
        {
            await Task.Yield();
            await serve(connection);
            connection.Finish();
        }
    }

    /// <summary>Connects a client whose request gets its turn, and is in it.</summary>
    public async Task<InMemoryConnection> ConnectAndHoldAsync(string request)
    {
        var client = Connect();
        await client.SendAsync(request);
        await Until(() => _gate.GetStatus().Holder is not null, "a turn is held");
        return client;
    }

    /// <summary>Connects a client whose request is the last of so many in line.</summary>
    public async Task<InMemoryConnection> ConnectAndWaitAsync(string request, int inLine)
    {
        var client = Connect();
        await client.SendAsync(request);
        await UntilWaiting(inLine);
        return client;
    }

    /// <summary>Waits, bounded, until something that other threads bring about is so.</summary>
    public static async Task Until(Func<bool> isSo, string what)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!isSo())
        {
            Assert.False(limit.IsCancellationRequested, $"not so within 20 s: {what}");
            await Task.Yield();
        }
    }

    /// <summary>Moves the clock on, step by step, until something is so; between two steps others get to run.</summary>
    public static async Task AdvanceUntil(FakeTimeProvider time, TimeSpan step, Func<bool> isSo, string what)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (!isSo())
        {
            Assert.False(limit.IsCancellationRequested, $"not so within 20 s: {what}");
            time.Advance(step);
            await Task.Delay(1, CancellationToken.None);
        }
    }

    public Task UntilWaiting(int count) => Until(() => _gate.GetStatus().QueueLength == count, $"{count} wait");

    public Task UntilCounted(Outcome outcome, long count) => Until(() => Listener.CountOf(outcome) == count, $"{count} {outcome.Code()}");

    public void Dispose()
    {
        _gate.Dispose();
        _meter.Dispose();
    }
}

/// <summary>Holds each turn until the test lets it go; answers with a running number.</summary>
internal sealed class HeldProcessor : IRequestProcessor
{
    private readonly Channel<int> _go = Channel.CreateUnbounded<int>();
    private int _entered;

    public List<string> Served { get; } = [];

    /// <summary>How many requests have come so far as to be held.</summary>
    public int Entered => _entered;

    public bool IgnoresCancellation { get; init; }

    public void LetGo(int turns = 1)
    {
        for (var i = 0; i < turns; i++)
            _go.Writer.TryWrite(i);
    }

    public async ValueTask ProcessAsync(RequestContext context, CancellationToken cancellationToken)
    {
        var request = Encoding.ASCII.GetString(context.Request).TrimEnd('\n');
        Interlocked.Increment(ref _entered);
        await _go.Reader.ReadAsync(IgnoresCancellation ? CancellationToken.None : cancellationToken);
        lock (Served)
            Served.Add(request);
        context.Reply.Write(Encoding.ASCII.GetBytes($"done {request}\n"));
    }
}
