using System.Diagnostics.Metrics;
using BenchmarkDotNet.Attributes;
using Microsoft.VisualStudio.Threading;

namespace SocketSync.Benchmarks;

/// <summary>A turn that nobody else wants.</summary>
[MemoryDiagnoser]
public class UncontendedGate : IDisposable
{
    private readonly SemaphoreSlim _semaphore = new(1, 1);
    private readonly AsyncSemaphore _asyncSemaphore = new(1);
    private readonly Meter _meter = new("SocketSync.Benchmarks.Unobserved");
    private readonly ExportedMeter _exported = new();
    private readonly TurnGate _gate;
    private readonly TurnGate _exportedGate;
    private readonly Turn _turn = GateMaking.NewTurn();
    private readonly Turn _exportedTurn = GateMaking.NewTurn();

    public UncontendedGate()
    {
        _gate = GateMaking.Make(_meter);
        _exportedGate = GateMaking.Make(_exported.Meter);
    }

    [Benchmark(Baseline = true)]
    public void Semaphore()
    {
        _semaphore.WaitAsync().GetAwaiter().GetResult();
        _semaphore.Release();
    }

    [Benchmark]
    public void AsyncSemaphore()
    {
        var releaser = _asyncSemaphore.EnterAsync().GetAwaiter().GetResult();
        releaser.Dispose();
    }

    [Benchmark]
    public void Gate() => Take(_gate, _turn);

    [Benchmark]
    public void GateWithMetricsExported() => Take(_exportedGate, _exportedTurn);

    [GlobalCleanup]
    public void Dispose()
    {
        _gate.Dispose();
        _exportedGate.Dispose();
        _asyncSemaphore.Dispose();
        _semaphore.Dispose();
        _exported.Dispose();
        _meter.Dispose();
        GC.SuppressFinalize(this);
    }

    private static void Take(TurnGate gate, Turn turn)
    {
        var entered = gate.Enter(turn);
        if (!entered.IsCompletedSuccessfully || entered.Result != Outcome.Ok)
            throw new InvalidOperationException("The turn was not granted at once.");
        gate.End(turn, Outcome.Ok);
    }
}
