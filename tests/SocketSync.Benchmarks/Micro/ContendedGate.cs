using System.Diagnostics.Metrics;
using BenchmarkDotNet.Attributes;
using Microsoft.VisualStudio.Threading;

namespace SocketSync.Benchmarks;

/// <summary>
/// The hand-over from one contender to the next: all are in line before the first turn ends, and each asks again before the
/// next one's continuation has run, so that every turn is waited for.
/// </summary>
[MemoryDiagnoser, OneThread]
public class ContendedGate : IDisposable
{
    private const int Turns = 1 << 16;

    private readonly SemaphoreSlim _semaphore = new(1, 1);
    private readonly AsyncSemaphore _asyncSemaphore = new(1);
    private readonly Meter _meter = new("SocketSync.Benchmarks.Unobserved");
    private readonly ExportedMeter _exported = new();
    private readonly TurnGate _gate;
    private readonly TurnGate _exportedGate;
    private readonly TurnGate _inlineGate;

    public ContendedGate()
    {
        _gate = GateMaking.Make(_meter);
        _exportedGate = GateMaking.Make(_exported.Meter);
        _inlineGate = GateMaking.Make(_meter, handsOverInline: true);
    }

    [Params(2, 16, 256)]
    public int Contenders { get; set; }

    [Benchmark(Baseline = true, OperationsPerInvoke = Turns)]
    public async Task Semaphore()
    {
        await _semaphore.WaitAsync();
        var contenders = Start(async turns =>
        {
            for (var i = 0; i < turns; i++)
            {
                await _semaphore.WaitAsync();
                _semaphore.Release();
            }
        });
        _semaphore.Release();
        await contenders;
    }

    [Benchmark(OperationsPerInvoke = Turns)]
    public async Task AsyncSemaphore()
    {
        var first = await _asyncSemaphore.EnterAsync();
        var contenders = Start(async turns =>
        {
            for (var i = 0; i < turns; i++)
            {
                var releaser = await _asyncSemaphore.EnterAsync();
                releaser.Dispose();
            }
        });
        first.Dispose();
        await contenders;
    }

    [Benchmark(OperationsPerInvoke = Turns)]
    public Task Gate() => Contend(_gate);

    [Benchmark(OperationsPerInvoke = Turns)]
    public Task GateWithMetricsExported() => Contend(_exportedGate);

    /// <summary>As for a processor that never blocks: the next holder goes on where the last one ended.</summary>
    [Benchmark(OperationsPerInvoke = Turns)]
    public Task GateInline() => Contend(_inlineGate);

    [GlobalCleanup]
    public void Dispose()
    {
        _gate.Dispose();
        _exportedGate.Dispose();
        _inlineGate.Dispose();
        _asyncSemaphore.Dispose();
        _semaphore.Dispose();
        _exported.Dispose();
        _meter.Dispose();
        GC.SuppressFinalize(this);
    }

    private async Task Contend(TurnGate gate)
    {
        var first = GateMaking.NewTurn();
        await gate.Enter(first);
        var contenders = Start(async turns =>
        {
            var turn = GateMaking.NewTurn();
            for (var i = 0; i < turns; i++)
            {
                if (await gate.Enter(turn) != Outcome.Ok)
                    throw new InvalidOperationException("A turn was refused, and so another was not measured.");
                gate.End(turn, Outcome.Ok);
            }
        });
        gate.End(first, Outcome.Ok);
        await contenders;
    }

    /// <summary>Starts the contenders; when it returns, each waits for its first turn.</summary>
    private Task Start(Func<int, Task> contender)
    {
        var contenders = new Task[Contenders];
        for (var i = 0; i < contenders.Length; i++)
            contenders[i] = contender(Turns / Contenders);
        return Task.WhenAll(contenders);
    }
}
