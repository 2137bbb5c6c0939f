using static SocketSync.Tests.PlainModbus;

namespace SocketSync.Tests;

public class ModbusTcpTests
{
    public static TheoryData<string, string> Examples => ModbusFrames.AsData([.. ModbusFrames.Examples, .. ModbusFrames.WithoutLength]);

    [Theory, MemberData(nameof(Examples))]
    public void EveryFunctionPassesThroughAndBack(string request, string reply)
    {
        var feed = new LinkFeed(Protocol(), Tcp(0xBEEF, 17, Hex(request)));
        var answer = Tcp(0xBEEF, 17, Hex(reply));

        Assert.Equal(Tcp(0xBEEF, 17, Hex(request)), feed.Written);
        Assert.True(feed.ExpectsReply);
        feed.AssertEveryWay(Reply.Complete(answer), answer);
        Assert.Equal(answer, feed.Translate(answer));
    }

    [Fact]
    public void ALateReplyBeforeAndAfterTheNextRequestIsDiscarded()
    {
        var late = Hex("00 01 00 00 00 05 01 03 02 00 11");
        var right = Hex("00 02 00 00 00 05 01 03 02 00 22");
        var protocol = Protocol();
        Assert.Equal(Reply.None(ReplyStatus.Incomplete), new LinkFeed(protocol, Hex("00 01 00 00 00 06 01 03 00 00 00 01")).Whole([]));
        var feed = new LinkFeed(protocol, Hex("00 02 00 00 00 06 01 03 00 10 00 01"));

        Assert.Equal(Hex("00 02 00 00 00 06 01 03 00 10 00 01"), feed.Written);
        feed.AssertEveryWay(Reply.Complete(right, discarded: 11), [.. late, .. right]);
        feed.AssertEveryWay(Reply.Complete(right), [.. right, .. late]);
        feed.AssertEveryWay(Reply.None(ReplyStatus.Incomplete, discarded: 11), late);
    }

    [Theory]
    [InlineData("0002 0000 0005 01 03 02 0011")] // another transaction
    [InlineData("0001 0000 0005 02 03 02 0011")] // another unit
    [InlineData("0001 0000 0005 01 04 02 0011")] // another function
    [InlineData("0001 0000 0003 01 84 02")] // another function's exception
    public void AFrameThatAnswersSomethingElseIsDiscarded(string foreign)
    {
        var feed = new LinkFeed(Protocol(), Hex("0001 0000 0006 01 03 0000 0001"));
        var right = Hex("0001 0000 0005 01 03 02 0022");

        feed.AssertEveryWay(Reply.Complete(right, Hex(foreign).Length), [.. Hex(foreign), .. right]);
    }

    [Theory]
    [InlineData("0001 0000 0001")] // no function; and nothing after
    [InlineData("0001 0000 0000")]
    [InlineData("0001 0000 00FF")] // longer than any
    [InlineData("0001 0000 FFFF")]
    [InlineData("0001 0001")] // no Modbus
    [InlineData("0001 80")]
    public void AHeaderThatCannotBeMeansThatThePlaceIsLost(string header) =>
        new LinkFeed(Protocol(), Hex("0001 0000 0006 01 03 0000 0001")).AssertEveryWay(Reply.None(ReplyStatus.Lost), Hex(header));

    [Fact]
    public void AReplyLargerThanAllowedIsLostAsSoonAsItIsAnnounced()
    {
        var feed = new LinkFeed(Link("Tcp", "Tcp", 10, Units()), Hex("0001 0000 0006 01 03 0000 0001"), maxReplyBytes: 10);

        feed.AssertEveryWay(Reply.None(ReplyStatus.Lost), Hex("0001 0000 0005"));
        Assert.Equal(Reply.Complete(Hex("0001 0000 0004 01 03 01 00")), feed.Whole(Hex("0001 0000 0004 01 03 01 00")));
    }

    [Fact]
    public void ASecondCopyOfAReplyDoesNotAnswerTheNextClientThatUsesTheSameId()
    {
        var protocol = Protocol();
        var request = Hex("0000 0000 0006 01 03 0000 0001");
        var ids = new HashSet<int>();
        byte[] previous = [];
        for (var i = 0; i < 200; i++)
        {
            var feed = new LinkFeed(protocol, request);
            byte[] answer = [.. feed.Written.AsSpan(0, 2), .. Hex("0000 0005 01 03 02 0011")];

            Assert.True(ids.Add((feed.Written[0] << 8) | feed.Written[1]));
            Assert.Equal(Reply.Complete(answer, previous.Length), feed.Whole([.. previous, .. answer]));
            Assert.Equal(Hex("0000 0000 0005 01 03 02 0011"), feed.Translate(answer));
            previous = answer;
        }
    }

    [Fact]
    public void AnIdComesBackOnlyWhenManyOthersHaveBeenUsed()
    {
        var transactions = new ModbusTransactions();
        for (var id = 0; id < 256; id++) Assert.Equal(id, transactions.Begin((ushort)id));

        Assert.NotInRange(transactions.Begin(0), 0, 255);
        Assert.Equal(0, transactions.Begin(0));
        Assert.NotInRange(transactions.Begin(255), 0, 255);
        for (var i = 0; i < 100_000; i++)
        {
            var before = transactions.Current;
            Assert.NotEqual(before, transactions.Begin(before));
        }
    }

    [Fact]
    public void AUnitIsTranslatedThereAndBack()
    {
        var feed = new LinkFeed(Link("Tcp", "Tcp", 1000, Units((1, 0), (2, 247))), Hex("0001 0000 0006 01 03 0000 0001"));

        Assert.Equal(Hex("0001 0000 0006 00 03 0000 0001"), feed.Written);
        Assert.True(feed.ExpectsReply);
        Assert.Equal(Reply.None(ReplyStatus.Incomplete, 11), feed.Whole(Hex("0001 0000 0005 01 03 02 0011")));
        Assert.Equal(Reply.Complete(Hex("0001 0000 0005 00 03 02 0011")), feed.Whole(Hex("0001 0000 0005 00 03 02 0011")));
        Assert.Equal(Hex("0001 0000 0005 01 03 02 0011"), feed.Translate(Hex("0001 0000 0005 00 03 02 0011")));
    }

    private static ModbusLinkProtocol Protocol() => Link("Tcp", "Tcp", 1048576, Units());
}
