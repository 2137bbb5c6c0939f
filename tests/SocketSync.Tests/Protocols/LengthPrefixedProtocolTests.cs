namespace SocketSync.Tests;

public class LengthPrefixedProtocolTests
{
    [Theory]
    [InlineData(1), InlineData(2), InlineData(4)]
    public void NothingIsDecidedBeforeTheHeaderIsWhole(int header)
    {
        var protocol = new LengthPrefixedProtocol(header, littleEndian: false, lengthIncludesHeader: false, maxRequestBytes: 4);
        byte[] buffer = [0xFF, 0xFF, 0xFF, 0xFF];

        for (var come = 1; come < header; come++)
            Assert.Equal(FrameResult.Incomplete, protocol.FindRequest(Segments.Of(buffer[..come]), 0));
        Assert.Equal(FrameResult.TooLarge, protocol.FindRequest(Segments.Of(buffer[..header]), 0));
    }

    [Theory]
    [InlineData(0x7F_FF_FF_FFu), InlineData(0x80_00_00_00u), InlineData(0xFF_FF_FF_FCu), InlineData(0xFF_FF_FF_FFu)]
    public void GigabytesAnnouncedAreTooLargeAtOnceAndCostNothing(uint announced)
    {
        // Where 32 bits would be enough to overflow: the header comes on top, and the limit is as high as it goes.
        byte[] header = [(byte)(announced >> 24), (byte)(announced >> 16), (byte)(announced >> 8), (byte)announced];
        var protocol = new LengthPrefixedProtocol(4, littleEndian: false, lengthIncludesHeader: false, int.MaxValue);
        var buffer = Segments.Of(header, 1, 2, 3);
        Assert.Equal(FrameResult.TooLarge, protocol.FindRequest(buffer, 0));

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 1000; i++) protocol.FindRequest(buffer, 0);
        }));
    }

    [Fact]
    public void TheLargestLengthThatIsAllowedIsWaitedFor()
    {
        var protocol = new LengthPrefixedProtocol(4, littleEndian: true, lengthIncludesHeader: true, int.MaxValue);

        Assert.Equal(FrameResult.Incomplete, protocol.FindRequest(Segments.Of([0xFF, 0xFF, 0xFF, 0x7F]), 0));
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(4)]
    public void ALengthThatDoesNotEvenCountItsOwnHeaderIsMalformed(int header)
    {
        for (byte announced = 0; announced <= header; announced++)
        {
            var bytes = new byte[header];
            bytes[0] = announced;
            var found = new LengthPrefixedProtocol(header, littleEndian: true, lengthIncludesHeader: true, 100)
                .FindRequest(Segments.Of(bytes), 0);

            Assert.Equal(announced < header ? FrameResult.Malformed : FrameResult.Complete(header), found);
        }
    }

    [Theory]
    [InlineData(0), InlineData(3), InlineData(5), InlineData(8)]
    public void OtherHeaderSizesAreRefused(int header) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new LengthPrefixedProtocol(header, littleEndian: false, lengthIncludesHeader: false, 100));

    [Fact]
    public void ALimitThatHasNoRoomForTheHeaderIsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new LengthPrefixedProtocol(4, littleEndian: false, lengthIncludesHeader: false, 3));
}
