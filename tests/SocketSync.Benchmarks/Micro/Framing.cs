using System.Buffers;
using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;

namespace SocketSync.Benchmarks;

/// <summary>
/// Finding requests of 64 bytes, or of 8 in ModbusRtu and 17 in ModbusAscii, in what has come: one, sixteen in one piece, and
/// one whose bytes are in two pieces.
/// </summary>
[MemoryDiagnoser]
public class Framing
{
    private const int Batch = 16;

    private IProtocol _protocol = null!;
    private byte[] _bytes = null!;
    private int _length;
    private ReadOnlySequence<byte> _one;
    private ReadOnlySequence<byte> _batch;
    private ReadOnlySequence<byte> _split;

    [ParamsSource(nameof(Protocols))]
    public string Protocol { get; set; } = "Line";

    public static IEnumerable<string> Protocols => ProtocolCatalog.Names;

    [GlobalSetup]
    public void Prepare()
    {
        var request = SampleRequest.Of(Protocol);
        _length = request.Length;
        // Raw takes all that has come for one request, unless it is bounded.
        _protocol = ProtocolCatalog.Create(new ProtocolOptions
        {
            Name = Protocol,
            Length = Protocol == "FixedLength" ? _length : null,
            MaxRequestBytes = Protocol == "Raw" ? _length : ProtocolOptions.DefaultMaxRequestBytes,
        });
        _bytes = [.. Enumerable.Repeat(request, Batch).SelectMany(r => r)];
        _one = new(request);
        _batch = new(_bytes);
        _split = Segment.Split(request, _length / 2);
        if (One() != _length || Pipelined() != Batch * _length || Split() != _length || Search() != _length)
            throw new InvalidOperationException($"What is measured does not find a request of {Protocol}.");
    }

    /// <summary>The least that anybody would do to find the first request's end in one piece of memory.</summary>
    [Benchmark(Baseline = true)]
    public int Search()
    {
        ReadOnlySpan<byte> bytes = _bytes;
        return Protocol switch
        {
            "Line" or "Scpi" or "ModbusAscii" => bytes.IndexOf((byte)'\n') + 1,
            "LengthPrefixed" => BinaryPrimitives.ReadUInt16BigEndian(bytes) + 2,
            "ModbusTcp" => BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]) + 6,
            "ModbusRtu" => ModbusCrc.Of(bytes[.._length]) == 0 ? _length : 0,
            _ => Math.Min(bytes.Length, _length),
        };
    }

    [Benchmark]
    public long One() => _protocol.FindRequest(_one, searched: 0).Length;

    [Benchmark(OperationsPerInvoke = Batch)]
    public long Pipelined()
    {
        var rest = _batch;
        while (!rest.IsEmpty)
            rest = rest.Slice(_protocol.FindRequest(rest, searched: 0).Length);
        return _batch.Length;
    }

    [Benchmark]
    public long Split() => _protocol.FindRequest(_split, searched: 0).Length;
}
