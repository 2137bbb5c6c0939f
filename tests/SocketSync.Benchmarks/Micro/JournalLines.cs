using System.Buffers;
using System.Net;
using BenchmarkDotNet.Attributes;

namespace SocketSync.Benchmarks;

/// <summary>What a line of the journal costs the thread that writes it.</summary>
[MemoryDiagnoser]
public class JournalLines : IDisposable
{
    private readonly JournalJson _json = new(TimeProvider.System);
    private readonly ArrayBufferWriter<byte> _lines = new(64 * 1024);
    private readonly JournalEntry _entry;

    public JournalLines()
    {
        var client = new Client("0HNQED5KQAI4T", new IPEndPoint(IPAddress.Loopback, 46316), SocketSyncOptions.DefaultName, certificate: null);
        var now = TimeProvider.System.GetTimestamp();
        _entry = new(JournalKind.Served, SocketSyncOptions.DefaultName, client, Outcome.Ok, now, now, now, 64, 64, Node: null, Payload: null);
        _json.BeginBatch();
    }

    [Benchmark]
    public void Turn()
    {
        if (_lines.FreeCapacity < 1024)
            _lines.ResetWrittenCount();
        _json.Write(_entry, _lines);
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _json.Dispose();
        GC.SuppressFinalize(this);
    }
}
