using System.Buffers;

namespace SocketSync.Tests;

public class ProtocolAllocationTests
{
    private const int Rounds = 10_000;

    public static TheoryData<string> Names => [.. Samples.All.Keys];

    [Theory, MemberData(nameof(Names))]
    public void FindingRequestsAllocatesNothing(string name)
    {
        var sample = Samples.All[name];
        var protocol = ProtocolCatalog.Create(sample.Options);
        var contiguous = Segments.Of(sample.Stream);
        var segmented = Segments.Of(sample.Stream, [.. Enumerable.Range(1, sample.Stream.Length - 1)]);
        Assert.Equal(sample.Requests.Length, Frame(protocol, contiguous));
        Assert.Equal(sample.Requests.Length, Frame(protocol, segmented));

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < Rounds; i++)
            {
                Frame(protocol, contiguous);
                Frame(protocol, segmented);
            }
        }));
    }

    [Fact]
    public void TellingErrorsAllocatesNothing()
    {
        var protocol = ProtocolCatalog.Create(new() { Name = "Line" });
        var output = new ArrayBufferWriter<byte>(1024);
        Assert.True(protocol.TryWriteError(Outcome.Busy, ReadOnlySequence<byte>.Empty, output));

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < Rounds; i++)
            {
                output.ResetWrittenCount();
                protocol.TryWriteError(Outcome.Busy, ReadOnlySequence<byte>.Empty, output);
            }
        }));
    }

    private static int Frame(IProtocol protocol, ReadOnlySequence<byte> rest)
    {
        var requests = 0;
        while (!rest.IsEmpty && protocol.FindRequest(rest, 0) is { Status: FrameStatus.Complete } found)
        {
            requests++;
            rest = rest.Slice(found.Length);
        }

        return requests;
    }
}
