using System.Text;

namespace SocketSync.Tests;

public class ScpiProtocolTests
{
    [Theory]
    [InlineData("*IDN?\n", true)]
    [InlineData("*RST\n", false)]
    [InlineData("\n", false)]
    [InlineData("MEAS:VOLT:DC? 10,0.001\r\n", true)]
    [InlineData("*RST;*OPC?\n", true)]
    [InlineData("*IDN?;*OPC?\n", true)]
    [InlineData("DISP:TEXT \"why?\"\n", false)]
    [InlineData("DISP:TEXT 'why?'\n", false)]
    [InlineData("DISP:TEXT \"why?\";TEXT?\n", true)]
    [InlineData("DISP:TEXT 'it''s why?'\n", false)]
    [InlineData("DISP:TEXT \"a \"\"why?\"\" b?\"\n", false)]
    [InlineData("DISP:TEXT 'a\"';TEXT?\n", true)]
    [InlineData("DISP:TEXT \"a'?\"\n", false)]
    [InlineData("DISP:TEXT \"\";TEXT?\n", true)]
    [InlineData("DISP:TEXT 'without end?\n", false)]
    [InlineData("DATA:ARB #13?a?\n", false)]
    [InlineData("DATA:ARB #13?\"?;DATA?\n", true)]
    [InlineData("DATA:ARB #212????????????\n", false)]
    [InlineData("DATA:ARB #19ab?\n", false)] // more announced than the line holds
    [InlineData("DATA:ARB #0ab?\n", false)] // of no stated length: to the message's end
    [InlineData("DATA:ARB #10;DATA?\n", true)]
    [InlineData("OUTP:MASK #H1F;MASK?\n", true)]
    [InlineData("OUTP:MASK #B01\n", false)]
    [InlineData("X #\n", false)]
    [InlineData("X #3?\n", true)] // no length, so no block
    public void AReplyIsDueOnlyWhereTheMessageHoldsAQuery(string message, bool expected)
    {
        var bytes = Encoding.Latin1.GetBytes(message);
        for (var cut = 0; cut <= bytes.Length; cut++)
            Assert.Equal(expected, ScpiMessage.HoldsQuery(Segments.Of(bytes, cut)));
        Assert.Equal(expected, ScpiMessage.HoldsQuery(Segments.Of(bytes, [.. Enumerable.Range(1, bytes.Length - 1)])));

        var feed = Feed(message);
        Assert.Equal(expected, feed.ExpectsReply);
        Assert.Equal(bytes, feed.Written);
        Assert.False(feed.IsRead);
    }

    [Theory]
    [InlineData("ACME,5000,0,1.0\n", "")]
    [InlineData("1;0;\"No error\"\n", "2\n")]
    [InlineData("\n", "\n")]
    [InlineData("#14a\nb\n\n", "")] // a block that holds the delimiter, and the delimiter
    [InlineData("CURVE #14a\nb\n\n", "x")]
    [InlineData("1,#13\n\n\n;#12\n\n\n", "\n")]
    [InlineData("#212????\n???\n???\n", "")]
    [InlineData("\"a,#19\"\n", "")] // within a string
    [InlineData("\"a \"\",#19\"\n", "")]
    [InlineData("Unit 5, Rack #14\n", "")] // in free text
    [InlineData("#14\n", "12\n")] // announces four bytes, of which one is the delimiter
    [InlineData("#H1F\n", "")]
    [InlineData("5' 6\"\n", "")]
    [InlineData("#0abc\n", "")]
    [InlineData("#3ab\n", "")]
    public void AReplyIsALineButForItsBlocks(string reply, string behind)
    {
        if (reply == "#14\n") reply += behind + "\n";
        var bytes = Encoding.Latin1.GetBytes(reply);

        Feed("*IDN?\n").AssertEveryWay(Reply.Complete(bytes), Encoding.Latin1.GetBytes(reply + behind));
        for (var length = 0; length < bytes.Length; length++)
            Assert.Equal(Reply.None(ReplyStatus.Incomplete), Feed("*IDN?\n").Whole(bytes[..length]));
        Assert.Equal(bytes, Feed("*IDN?\n").Translate(bytes));
    }

    [Theory]
    [InlineData("1234567890"), InlineData("1234567890\n"), InlineData("#9999999999"), InlineData("#18"), InlineData("#17abcdefg")]
    public void AReplyLargerThanAllowedIsLost(string reply)
    {
        var feed = new LinkFeed(new ScpiLinkProtocol("\n"u8, 10), "*IDN?\n"u8.ToArray(), 10);
        Assert.Equal(Reply.None(ReplyStatus.Lost), feed.Whole(Encoding.Latin1.GetBytes(reply)));
        Assert.Equal(ReplyStatus.Complete, feed.Whole("123456789\n"u8.ToArray()).End);
        Assert.Equal(ReplyStatus.Complete, feed.Whole("#16abc\nef\nxyz"u8.ToArray()).End);
    }

    [Fact]
    public void ADelimiterOfSeveralBytesIsFoundWhereverItIsDivided() =>
        new LinkFeed(new ScpiLinkProtocol("\r\n"u8, 100), "*IDN?\r\n"u8.ToArray())
            .AssertEveryWay(Reply.Complete("a\rb\nc\r\r\n"u8.ToArray()), "a\rb\nc\r\r\nd\r\n"u8.ToArray());

    private static LinkFeed Feed(string message) => new(new ScpiLinkProtocol("\n"u8, 1048576), Encoding.Latin1.GetBytes(message));
}
