using static SocketSync.Tests.PlainModbus;

namespace SocketSync.Tests;

/// <summary>Clients of each framing, a device of each.</summary>
public class ModbusLinkProtocolTests
{
    private static readonly string[] Framings = ["Tcp", "Rtu", "Ascii"];

    /// <summary>Clients' and device's framing, all nine.</summary>
    public static TheoryData<string, string> Pairs => [.. Framings.SelectMany(clients => Framings.Select(device => (clients, device)))];

    [Fact]
    public void TheFramingsAreThoseOfTheCatalogue() =>
        Assert.Equal(ProtocolCatalog.All.Where(d => d.Modbus is not null).Select(d => d.Modbus), Framings.Select(FramingOf));

    [Theory, MemberData(nameof(Pairs))]
    public void EveryFunctionIsTranslatedThereAndBack(string clients, string device)
    {
        foreach (var (request, reply) in (IEnumerable<(string, string)>)[.. ModbusFrames.Examples, .. ModbusFrames.WithoutLength])
        {
            var feed = Feed(clients, device, Frame(clients, 0xBEEF, 17, Hex(request)));
            var answer = Answer(feed, device, 17, Hex(reply));

            Assert.Equal(Frame(device, Transaction(feed, device), 17, Hex(request)), feed.Written);
            Assert.True(feed.ExpectsReply);
            feed.AssertEveryWay(Reply.Complete(answer), answer);
            Assert.Equal(Frame(clients, 0xBEEF, 17, Hex(reply)), feed.Translate(answer));
        }
    }

    [Theory, MemberData(nameof(Pairs))]
    public void AnExceptionIsTheClientsToo(string clients, string device)
    {
        var feed = Feed(clients, device, Frame(clients, 7, 3, Hex("10 0001 0001 02 0000")));
        var exception = Answer(feed, device, 3, Hex("90 02"));

        feed.AssertEveryWay(Reply.Complete(exception), exception);
        Assert.Equal(Frame(clients, 7, 3, Hex("90 02")), feed.Translate(exception));
    }

    [Theory, MemberData(nameof(Pairs))]
    public void WhatAnswersSomethingElseIsDiscarded(string clients, string device)
    {
        var feed = Feed(clients, device, Frame(clients, 7, 1, Hex("03 0010 0001")));
        var right = Answer(feed, device, 1, Hex("03 02 0022"));
        List<byte[]> foreign = [Answer(feed, device, 2, Hex("03 02 0011")), Answer(feed, device, 1, Hex("04 02 0011")), Answer(feed, device, 2, Hex("83 02"))];
        if (device == "Tcp") foreign.Add(Frame(device, Transaction(feed, device) ^ 1, 1, Hex("03 02 0011")));

        foreach (var frame in foreign) feed.AssertEveryWay(Reply.Complete(right, frame.Length), [.. frame, .. right]);
        feed.AssertEveryWay(Reply.Complete(right, foreign.Sum(f => f.Length)), [.. foreign.SelectMany(f => f), .. right]);
    }

    [Theory, MemberData(nameof(Pairs))]
    public void AUnitIsTranslatedThereAndBack(string clients, string device)
    {
        var feed = Feed(clients, device, Frame(clients, 7, 101, Hex("03 0010 0001")), (101, 1), (1, 101));
        var answer = Answer(feed, device, 1, Hex("03 02 0022"));

        Assert.Equal((byte)1, Parse(device, feed.Written).Unit);
        feed.AssertEveryWay(Reply.Complete(answer), answer);
        Assert.Equal(Frame(clients, 7, 101, Hex("03 02 0022")), feed.Translate(answer));
        var foreign = Answer(feed, device, 101, Hex("03 02 0022"));
        Assert.Equal(foreign.Length, feed.Whole(foreign).Discarded);
    }

    /// <summary>On a serial line nothing answers unit 0; and a client of a serial framing awaits no reply of it.</summary>
    [Theory, MemberData(nameof(Pairs))]
    public void Unit0IsABroadcastWhereEitherSideTakesItForOne(string clients, string device)
    {
        var write = Hex("06 0001 0003");
        var feed = Feed(clients, device, Frame(clients, 7, 0, write));
        Assert.Equal((clients, device) is ("Tcp", "Tcp"), feed.ExpectsReply);
        Assert.Equal(Frame(device, Transaction(feed, device), 0, write), feed.Written);

        // Of a unit that it knows by another number a client awaits one, unless it is the line's broadcast.
        Assert.Equal(device == "Tcp", Feed(clients, device, Frame(clients, 7, 5, write), (5, 0)).ExpectsReply);
        var mapped = Feed(clients, device, Frame(clients, 7, 0, write), (0, 9));
        Assert.True(mapped.ExpectsReply);
        Assert.Equal(Frame(clients, 7, 0, write), mapped.Translate(Answer(mapped, device, 9, write)));
    }

    [Theory, MemberData(nameof(Pairs))]
    public void AUnitIsNamedOnlyWhereItAnswers(string clients, string device)
    {
        var protocol = Link(clients, device, 1000, Units((5, 0), (6, 7)));
        Assert.Equal((byte)7, protocol.UnitOf(Segments.Of(Frame(clients, 1, 6, 3, 0, 0, 0, 1))));
        Assert.Equal(device == "Tcp" ? (byte?)0 : null, protocol.UnitOf(Segments.Of(Frame(clients, 1, 5, 3, 0, 0, 0, 1))));
    }

    [Theory, MemberData(nameof(Pairs))]
    public void TheLongestFramesFitBothWays(string clients, string device)
    {
        var pdu = new byte[253];
        for (var i = 0; i < pdu.Length; i++) pdu[i] = (byte)(0x41 + i);
        var feed = Feed(clients, device, Frame(clients, 1, 1, pdu));
        var answer = Answer(feed, device, 1, pdu);

        Assert.Equal(answer, feed.Written);
        Assert.Equal(Reply.Complete(answer), feed.Whole(answer));
        Assert.Equal(Frame(clients, 1, 1, pdu), feed.Translate(answer));
    }

    [Theory, MemberData(nameof(Pairs))]
    public void OnlyFunctions1To4AreReads(string clients, string device)
    {
        for (var function = 0; function < 256; function++)
            Assert.Equal(function is >= 1 and <= 4, Feed(clients, device, Frame(clients, 1, 1, (byte)function)).IsRead);
    }

    [Theory, MemberData(nameof(Pairs))]
    public void AReplyLargerThanAllowedIsLost(string clients, string device)
    {
        var max = Frame(device, 1, 1, 3, 2, 0, 0).Length;
        var feed = new LinkFeed(Link(clients, device, max, Units()), Frame(clients, 1, 1, Hex("03 0000 0002")), max);
        Assert.Equal(ReplyStatus.Complete, feed.Whole(Answer(feed, device, 1, Hex("03 02 0000"))).End);
        Assert.Equal(ReplyStatus.Lost, feed.Whole(Answer(feed, device, 1, Hex("03 04 0000 0000"))).End);
    }

    [Theory]
    [InlineData("Rtu"), InlineData("Ascii")]
    public void EachRequestHasATransactionOfItsOwnWhereTheClientsHaveNone(string clients)
    {
        var protocol = Link(clients, "Tcp", 1000, Units());
        var ids = new HashSet<int>();
        for (var i = 0; i < 200; i++)
            Assert.True(ids.Add(Transaction(new LinkFeed(protocol, Frame(clients, 0, 1, 3, 0, 0, 0, 1)), "Tcp")));
    }

    [Fact]
    public void PublishedFramesAreTranslatedByteForByte()
    {
        var feed = Feed("Tcp", "Rtu", Hex("00 02 00 00 00 06 01 03 00 10 00 01"));

        Assert.Equal(Hex("01 03 00 10 00 01 85 CF"), feed.Written);
        Assert.Equal(Hex("00 02 00 00 00 05 01 03 02 00 22"), feed.Translate(Hex("01 03 02 00 22 38 5D")));
        Assert.Equal(":1103006B00037E\r\n"u8.ToArray(), Feed("Tcp", "Ascii", Hex("00 02 00 00 00 06 11 03 00 6B 00 03")).Written);
    }

    [Fact]
    public void AUnitIs0To255()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Units((256, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Units((-1, 1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Units((1, 256)));
    }

    private static LinkFeed Feed(string clients, string device, byte[] request, params (int, int)[] units) =>
        new(Link(clients, device, 1048576, Units(units)), request);

    // Under the id that the request was written with.
    private static byte[] Answer(LinkFeed feed, string device, int unit, byte[] pdu) => Frame(device, Transaction(feed, device), unit, pdu);

    private static int Transaction(LinkFeed feed, string device) => Parse(device, feed.Written).Transaction;
}
