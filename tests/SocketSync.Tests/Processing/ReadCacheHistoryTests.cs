using System.Buffers;
using System.Diagnostics;
using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;

namespace SocketSync.Tests;

/// <summary>Random histories of several clients at once, over a device that answers, refuses, is silent, hangs up and goes away.</summary>
[Collection(Alone.Name)]
public class ReadCacheHistoryTests
{
    private static readonly Gen<CacheStep> GenStep = Gen.Select(
        Gen.Frequency((1, Gen.Const((byte)0)), (12, Gen.Byte[1, 2])), Gen.Frequency((3, Gen.Const((byte)3)), (1, Gen.Const((byte)4)), (1, Gen.Const((byte)6))), Gen.UShort[0, 1], Gen.Int[0, 9],
        static (unit, function, address, leaves) => new CacheStep(unit, unit == 0 ? (byte)6 : function, address, leaves == 0));

    private static readonly Gen<DeviceAct> GenAct = Gen.Frequency(
        (10, Gen.Const(DeviceAct.Answer)), (10, Gen.Const(DeviceAct.AnswerLater)), (2, Gen.Const(DeviceAct.Refuse)),
        (1, Gen.Const(DeviceAct.StaySilent)), (1, Gen.Const(DeviceAct.HangUp)), (1, Gen.Const(DeviceAct.GoAway)));

    private static readonly Gen<Plan> GenPlan = Gen.Select(
        GenStep.Array[10, 30].Array[2, 8], GenAct.Array[4, 20], Gen.Int[0, 2].Array[8], Gen.Int[3, 20], Gen.Int[0, 6],
        static (clients, acts, classes, maxAge, staleFor) => new Plan(clients, acts, classes, maxAge, staleFor));

    private int _hits;
    private int _shared;

    [Fact]
    public async Task NobodyGetsAReplyThatIsNotHisToGet()
    {
        await GenPlan.SampleAsync(RunAsync, iter: 80, threads: 1);
        Assert.True(_hits > 100 && _shared > 100, $"{_hits} were answered at once and {_shared} shared: nothing was tried");
        TestContext.Current.TestOutputHelper?.WriteLine($"{_hits} at once, {_shared} shared");
    }

    private async Task RunAsync(Plan plan)
    {
        var device = new CacheDevice(plan.Acts);
        var options = new LinkOptions
        {
            ReplyTimeout = TimeSpan.FromMilliseconds(4), ReconnectDelay = TimeSpan.FromMilliseconds(1), MaxReconnectDelay = TimeSpan.FromMilliseconds(1),
            Rest = new RestOptions { After = 0 },
        };
        var gate = GateBench.Patient with { WaitTimeout = TimeSpan.FromMilliseconds(15), TurnTimeout = TimeSpan.FromMilliseconds(12), MaxQueue = 6 };
        using var bench = new GateBench(gate, TimeProvider.System, handsOverInline: true);
        var protocols = new Dictionary<string, ILinkProtocol>(StringComparer.Ordinal)
        {
            // Unit 0 is the broadcast for those who speak RTU.
            ["L"] = PlainModbus.Link("Tcp", "Tcp", 260, PlainModbus.Units()), ["Rtu"] = PlainModbus.Link("Rtu", "Tcp", 260, PlainModbus.Units()),
        };
        var (maxAge, staleFor) = (TimeSpan.FromMilliseconds(plan.MaxAge), TimeSpan.FromMilliseconds(plan.StaleFor));
        var cache = new ReadCache(protocols, new CacheOptions { MaxAge = maxAge, StaleFor = staleFor }, TimeProvider.System);
        await using var relay = new RelayProcessor(new LinkManager("R", device, options, TimeProvider.System, NullLogger.Instance), protocols, TimeProvider.System, cache);
        var shared = new SharedResource(
            "R", new ProcessorRegistration("Relay", NeverBlocks: true, (_, _) => relay), relay, bench.Gate,
            new ResourceTelemetry("R", new TurnFeed(), TimeProvider.System), NullLogger.Instance);
        var history = new CacheHistory();
        using var start = new Barrier(plan.Clients.Length);
        await Task.WhenAll(plan.Clients.Select((steps, i) => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait();
                return AskAsync(new Asker((Priority)plan.Classes[i], i % 2 == 0 ? "Tcp" : "Rtu"), steps, shared, history);
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap())).Bound();

        history.Check(device.Events, maxAge + staleFor);
        // A turn that was cut, or whose reply was shared, may still be on its way out when the last client has its answer.
        await LinkTesting.UntilAsync(() => bench.Gate.GetStatus() is { Holder: null, QueueLength: 0 }, "the end of the last turn");
        bench.AssertPermitIsWhole();
        device.IsReliable = true;
        await AssertNothingIsOutstandingAsync(cache, shared);
    }

    private async Task AskAsync(Asker asker, CacheStep[] steps, SharedResource shared, CacheHistory history)
    {
        foreach (var step in steps)
        {
            asker.Ask(step);
            var invokedAt = Stopwatch.GetTimestamp();
            var serving = shared.ServeAsync(asker, arrivedAt: null);
            var arrivedAt = Stopwatch.GetTimestamp();
            var isAtOnce = serving.IsCompleted;
            if (step.Leaves)
                shared.Gate.Leave(asker.Turn);
            var outcome = await serving;
            var reply = await asker.EndAsync(outcome);
            history.Add(new CacheRequest(step, invokedAt, arrivedAt, Stopwatch.GetTimestamp(), outcome, reply));
            if (outcome == Outcome.Cached)
                Interlocked.Increment(ref isAtOnce ? ref _hits : ref _shared);
        }
    }

    /// <summary>Had a write been forgotten about, its unit's reads would be answered by no reply any more.</summary>
    private static async Task AssertNothingIsOutstandingAsync(ReadCache cache, SharedResource shared)
    {
        cache.Options = new CacheOptions { MaxAge = TimeSpan.FromMinutes(1) };
        foreach (byte unit in (byte[])[1, 2])
        {
            // The link may still be on its way back.
            for (var i = 0; ; i++)
            {
                var asker = new Asker(Priority.Normal, "Tcp");
                asker.Ask(new CacheStep(unit, 3, 0, Leaves: false));
                var outcome = await shared.ServeAsync(asker, arrivedAt: null);
                await asker.EndAsync(outcome);
                if (outcome == Outcome.Cached)
                    break;
                Assert.True(i < 100, $"no reply to unit {unit} was given again");
                await Task.Delay(1, CancellationToken.None);
            }
        }
    }

    private sealed record Plan(CacheStep[][] Clients, DeviceAct[] Acts, int[] Classes, int MaxAge, int StaleFor);

    /// <summary>A client in the framing of its listener.</summary>
    private sealed class Asker(Priority priority, string framing) : IResourceClient
    {
        private readonly Client _client = new(Guid.NewGuid().ToString("N"), null, framing == "Tcp" ? "L" : framing, null);
        private RequestContext? _context;
        private Turn? _turn;
        private int _asked;

        public Turn Turn => _turn ??= new(_client, priority);

        public ReadOnlySequence<byte> Request { get; private set; }

        public ClientAccess? Access => null;

        public ReadOnlySequence<byte> Reply { get; set; }

        public void Ask(CacheStep step) => Request = new(PlainModbus.Frame(
            framing, ++_asked & 0xFFFF, step.Unit, step.Function, 0, (byte)step.Address, 0, 2));

        public void BeginWait()
        {
        }

        public bool EndWait() => true;

        public RequestContext OpenContext()
        {
            _context = new RequestContext("R", _client, new FakeConversation(), leaveIoThread: false);
            _context.Open(Request);
            return _context;
        }

        /// <summary>Ends the request as a connection does.</summary>
        /// <returns>The function of the reply and its data; empty if there is none.</returns>
        public async Task<byte[]> EndAsync(Outcome outcome)
        {
            if (_context is { } context)
                await context.CloseAsync();
            var frame = _context?.ReplyBuffer.Written.ToArray() ?? Reply.ToArray();
            (_context, Reply) = (null, default);
            if (Turn.CompletedEarly)
                _turn = null;
            if (!outcome.IsAnswered() || frame.Length == 0)
                return [];
            var (transaction, unit, pdu) = PlainModbus.Parse(framing, frame);
            Assert.Equal(PlainModbus.Parse(framing, Request.ToArray()) is var asked ? (asked.Transaction, asked.Unit) : default, (transaction, unit));
            return pdu;
        }
    }
}
