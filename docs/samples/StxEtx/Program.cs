// A language that SocketSync does not know: a request stands between STX and ETX, and NAK says that something went wrong.
// It is then a protocol as any other, for resources, listeners and devices behind a relay.
using System.Buffers;
using SocketSync;

var builder = WebApplication.CreateBuilder(args);
builder.AddSocketSync()
    .AddProtocol<StxEtx>("StxEtx")
    .AddResource("Printer", new() { Protocol = new() { Name = "StxEtx", MaxRequestBytes = 4096 } }) // what it is told, it answers: Echo
    .AddListener("Printer", new() { Port = 56783 });

var app = builder.Build();
app.MapSocketSync();
app.Run();

internal sealed class StxEtx : IProtocol
{
    private const byte Stx = 2, Etx = 3, Nak = 21;

    public FrameResult FindRequest(in ReadOnlySequence<byte> buffer, long searched)
    {
        if (buffer.FirstSpan[0] != Stx)
            return FrameResult.Malformed;
        // What an earlier call has seen need not be looked at again.
        return buffer.Slice(searched).PositionOf(Etx) is { } end
            ? FrameResult.Complete(buffer.Slice(0, end).Length + 1)
            : FrameResult.Incomplete; // the limit is kept for it: a request that is too large is found so
    }

    public bool TryWriteError(Outcome outcome, in ReadOnlySequence<byte> request, IBufferWriter<byte> output)
    {
        output.Write([Nak]);
        return true;
    }
}
