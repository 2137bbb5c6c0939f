using static SocketSync.Tests.PlainModbus;

namespace SocketSync.Tests;

public class ModbusTcpToRtuLinkProtocolTests
{
    public static TheoryData<string, string> Examples => ModbusFrames.AsData([.. ModbusFrames.Examples, .. ModbusFrames.WithoutLength]);

    [Theory, MemberData(nameof(Examples))]
    public void EveryFunctionIsTranslatedThereAndBack(string request, string reply)
    {
        var feed = EventFeed(Tcp(0xBEEF, 17, Hex(request)));
        var answer = Rtu(17, Hex(reply));

        Assert.Equal(Rtu(17, Hex(request)), feed.Written);
        Assert.True(feed.ExpectsReply);
        feed.AssertEveryWay(Reply.Complete(answer), answer);
        Assert.Equal(Tcp(0xBEEF, 17, Hex(reply)), feed.Translate(answer));
    }

    [Fact]
    public void PublishedFramesAreTranslatedByteForByte()
    {
        var feed = EventFeed(Hex("00 02 00 00 00 06 01 03 00 10 00 01"));

        Assert.Equal(Hex("01 03 00 10 00 01 85 CF"), feed.Written);
        Assert.Equal(Hex("00 02 00 00 00 05 01 03 02 00 22"), feed.Translate(Hex("01 03 02 00 22 38 5D")));
    }

    [Fact]
    public void TheLongestFramesFitBothWays()
    {
        var pdu = new byte[253];
        pdu[0] = 0x41;
        var feed = EventFeed(Tcp(1, 1, pdu));

        Assert.Equal(Rtu(1, pdu), feed.Written);
        Assert.Equal(Reply.Complete(Rtu(1, pdu)), feed.Whole(Rtu(1, pdu)));
        Assert.Equal(Tcp(1, 1, pdu), feed.Translate(Rtu(1, pdu)));
    }

    [Fact]
    public void Unit0IsTheBroadcastOfTheSerialLineUnlessItIsMapped()
    {
        var feed = EventFeed(Tcp(1, 0, Hex("06 0001 0003")));
        Assert.Equal(Rtu(0, Hex("06 0001 0003")), feed.Written);
        Assert.False(feed.ExpectsReply);

        Assert.False(EventFeed(Tcp(1, 7, Hex("06 0001 0003")), (7, 0)).ExpectsReply);
        foreach (var unit in new[] { 0, 255 })
        {
            var mapped = EventFeed(Tcp(1, unit, Hex("06 0001 0003")), (0, 7), (255, 7));
            Assert.True(mapped.ExpectsReply);
            Assert.Equal(Rtu(7, Hex("06 0001 0003")), mapped.Written);
            Assert.Equal(Reply.Complete(mapped.Written), mapped.Whole(mapped.Written));
            Assert.Equal(Tcp(1, unit, Hex("06 0001 0003")), mapped.Translate(mapped.Written));
        }
    }

    [Fact]
    public void AUnitIs0To255()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => EventFeed(Tcp(1, 1, 7), (256, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => EventFeed(Tcp(1, 1, 7), (-1, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => EventFeed(Tcp(1, 1, 7), (1, 256)));
    }

    private static LinkFeed EventFeed(byte[] request, params (int, int)[] units) =>
        new(new ModbusTcpToRtuLinkProtocol(1048576, ModbusTcpLinkProtocolTests.Units(units)), request);
}
