namespace SocketSync.Tests;

public class PassingLinkProtocolTests
{
    [Fact]
    public void ARawReplyIsWhateverComesUntilSilence()
    {
        var feed = new LinkFeed(new RawLinkProtocol(10), "abc"u8.ToArray(), 10);

        Assert.Equal("abc"u8.ToArray(), feed.Written);
        feed.AssertEveryWay(Reply.Complete("0123456789"u8.ToArray()), "0123456789"u8.ToArray());
        Assert.Equal(Reply.Complete("01234"u8.ToArray()), feed.Run("0123456789"u8.ToArray(), [5], [], pauses: true));
        feed.AssertEveryWay(Reply.None(ReplyStatus.Lost), "0123456789a"u8.ToArray());
    }

    [Theory]
    [InlineData("Line", "ab\n", "ab\n", "cd\n")]
    [InlineData("LengthPrefixed", "\0\x02" + "ab", "\0\x03" + "abc", "\0\0")]
    [InlineData("FixedLength", "abc", "xyz", "12")]
    public void AReplyIsFramedAsARequestIs(string name, string request, string reply, string behind)
    {
        var options = new ProtocolOptions { Name = name, Length = name == "FixedLength" ? 3 : null, MaxRequestBytes = 4 };
        var protocol = ProtocolCatalog.CreateLink(options, null, 5, new Dictionary<int, int>());
        var feed = new LinkFeed(protocol, Bytes(request), 5);

        Assert.Equal(Bytes(request), feed.Written);
        Assert.True(feed.ExpectsReply);
        Assert.False(feed.IsRead);
        feed.AssertEveryWay(Reply.Complete(Bytes(reply)), Bytes(reply + behind));
        feed.AssertEveryWay(Reply.None(ReplyStatus.Incomplete), Bytes(reply[..^1]));
        Assert.Equal(Bytes(reply), feed.Translate(Bytes(reply)));
    }

    [Theory]
    [InlineData("Line", "12345")]
    [InlineData("LengthPrefixed", "\0\x04")]
    [InlineData("LengthPrefixed", "\xff\xff")]
    public void AReplyLargerThanAllowedIsLost(string name, string reply)
    {
        var protocol = ProtocolCatalog.CreateLink(new() { Name = name }, null, 5, new Dictionary<int, int>());
        new LinkFeed(protocol, "x"u8.ToArray(), 5).AssertEveryWay(Reply.None(ReplyStatus.Lost), Bytes(reply));
    }

    [Fact]
    public void ALengthThatCannotBeMeansThatThePlaceIsLost()
    {
        var protocol = ProtocolCatalog.CreateLink(
            new() { Name = "LengthPrefixed", LengthIncludesHeader = true }, null, 100, new Dictionary<int, int>());
        new LinkFeed(protocol, "\0\u0002"u8.ToArray(), 100).AssertEveryWay(Reply.None(ReplyStatus.Lost), [0, 1]);
    }

    private static byte[] Bytes(string text) => System.Text.Encoding.Latin1.GetBytes(text);
}
