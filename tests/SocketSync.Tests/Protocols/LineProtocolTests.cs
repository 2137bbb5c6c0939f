using System.Text;

namespace SocketSync.Tests;

public class LineProtocolTests
{
    [Fact]
    public void ALineMayBeAsLongAsAllowedDelimiterIncluded()
    {
        Assert.Equal(FrameResult.Complete(6), Find("1234\r\n"));
        Assert.Equal(FrameResult.Complete(6), Find("1234\r\nand much behind it"));
        Assert.Equal(FrameResult.TooLarge, Find("12345\r\n"));
    }

    [Fact]
    public void ALineIsTooLargeAsSoonAsNoDelimiterCanEndItInTime()
    {
        Assert.Equal(FrameResult.Incomplete, Find("12345"));
        Assert.Equal(FrameResult.TooLarge, Find("123456"));
        Assert.Equal(FrameResult.TooLarge, Find("12345\r"));
    }

    [Theory]
    [InlineData(1), InlineData(5), InlineData(6), InlineData(7)]
    public void ADelimiterBehindTheLimitDoesNotCountWhereverTheBufferIsDivided(int cut) =>
        Assert.Equal(FrameResult.TooLarge, Protocol().FindRequest(Segments.Of("12345\r\n"u8.ToArray(), cut), 0));

    [Fact]
    public void WhatWasSearchedIsNotSearchedAgain()
    {
        // A delimiter where an earlier call is said to have found none shows whether it looks there again.
        var buffer = Encoding.Latin1.GetBytes("\n23456789");
        var protocol = new LineProtocol("\n"u8, 100);

        Assert.Equal(FrameResult.Complete(1), protocol.FindRequest(Segments.Of(buffer), 0));
        Assert.Equal(FrameResult.Incomplete, protocol.FindRequest(Segments.Of(buffer), 1));
        Assert.Equal(FrameResult.Incomplete, protocol.FindRequest(Segments.Of(buffer, 4), 5));
        Assert.Equal(FrameResult.Incomplete, protocol.FindRequest(Segments.Of(buffer, 4), buffer.Length));
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void ADelimiterThatBeganInWhatWasSearchedIsFound(int seenOfIt)
    {
        var protocol = new LineProtocol("<~~>"u8, 100);
        var buffer = "1234<~~>"u8.ToArray();

        for (var cut = 0; cut <= buffer.Length; cut++)
            Assert.Equal(FrameResult.Complete(8), protocol.FindRequest(Segments.Of(buffer, cut), 4 + seenOfIt));
    }

    [Fact]
    public void NoLineIsMadeWithoutADelimiterOrWithoutRoomForIt()
    {
        Assert.Throws<ArgumentException>(() => new LineProtocol([], 10));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LineProtocol("\r\n"u8, 1));
    }

    private static FrameResult Find(string text) => Protocol().FindRequest(Segments.Of(Encoding.Latin1.GetBytes(text)), 0);

    private static LineProtocol Protocol() => new("\r\n"u8, 6);
}
