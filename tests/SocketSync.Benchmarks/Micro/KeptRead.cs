using System.Buffers;
using System.Diagnostics.Metrics;
using BenchmarkDotNet.Attributes;
using Microsoft.Extensions.Logging.Abstractions;

namespace SocketSync.Benchmarks;

/// <summary>A Modbus read that an earlier reply answers, beside a turn of <c>Echo</c>; the reply to its client included, sockets not.</summary>
[MemoryDiagnoser]
public class KeptRead : IDisposable
{
    private static readonly byte[] Request = [0, 1, 0, 0, 0, 6, 1, 3, 0, 100, 0, 20];
    private static readonly byte[] Reply = [0, 9, 0, 0, 0, 43, 1, 3, 40, .. new byte[40]];

    private readonly Meter _meter = new("SocketSync.Benchmarks.Kept");
    private readonly SharedResource _echo;
    private readonly SharedResource _relay;
    private readonly Asker _asker = new();

    public KeptRead()
    {
        var time = TimeProvider.System;
        var protocol = ProtocolCatalog.CreateLink(
            new ProtocolOptions { Name = "ModbusTcp" }, new ProtocolOptions { Name = "ModbusTcp" }, maxReplyBytes: 260, new Dictionary<int, int>(), new ModbusTransactions());
        var protocols = new Dictionary<string, ILinkProtocol>(StringComparer.OrdinalIgnoreCase) { ["Default"] = protocol };
        var cache = new ReadCache(protocols, new CacheOptions { MaxAge = TimeSpan.FromHours(1) }, time);
        var link = new LinkOptions { Tcp = new TcpLinkOptions { Host = "127.0.0.1", Port = 1 } };
        var manager = new LinkManager("Default", new TcpLink(link.Tcp), link, time, NullLogger.Instance); // never started
        _echo = Make(new EchoProcessor(), "Echo");
        _relay = Make(new RelayProcessor(manager, protocols, time, cache), "Relay");
        cache.Keep(new KeptReply(protocol.ReadKeyOf(new(Request))!.Value, Reply, time.GetTimestamp()), _relay.Gate);
    }

    [Benchmark(Baseline = true)]
    public long EchoTurn() => Ask(_echo, Outcome.Ok);

    [Benchmark]
    public long Kept() => Ask(_relay, Outcome.Cached);

    [GlobalCleanup]
    public void Dispose()
    {
        _echo.Gate.Dispose();
        _relay.Gate.Dispose();
        _meter.Dispose();
        GC.SuppressFinalize(this);
    }

    private SharedResource Make(IRequestProcessor processor, string name)
    {
        var telemetry = new ResourceTelemetry("Default", new TurnFeed(), TimeProvider.System);
        return new SharedResource(
            "Default", new ProcessorRegistration(name, NeverBlocks: true, (_, _) => processor), processor, GateMaking.Make(_meter), telemetry, NullLogger.Instance);
    }

    private long Ask(SharedResource resource, Outcome expected)
    {
        var serving = resource.ServeAsync(_asker, arrivedAt: null);
        if (!serving.IsCompletedSuccessfully || serving.Result != expected)
            throw new InvalidOperationException("The request was not answered at once.");
        return _asker.Reply.Length;
    }

    private sealed class Asker : IResourceClient
    {
        public Turn Turn { get; } = GateMaking.NewTurn();

        public ReadOnlySequence<byte> Request { get; } = new(KeptRead.Request);

        public ClientAccess? Access => null;

        public ReadOnlySequence<byte> Reply { get; set; }

        public void BeginWait() => throw new NotSupportedException();

        public bool EndWait() => throw new NotSupportedException();

        public RequestContext OpenContext() => throw new NotSupportedException();
    }
}
