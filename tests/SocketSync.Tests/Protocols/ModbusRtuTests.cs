using static SocketSync.Tests.PlainModbus;

namespace SocketSync.Tests;

public class ModbusRtuTests
{
    private static readonly byte[] Request = Hex("01 03 00 10 00 01 85 CF");
    private static readonly byte[] Right = Hex("01 03 02 00 22 38 5D");

    public static TheoryData<string, string> Examples => ModbusFrames.AsData(ModbusFrames.Examples);

    public static TheoryData<string, string> WithoutLength => ModbusFrames.AsData(ModbusFrames.WithoutLength);

    [Theory, MemberData(nameof(Examples))]
    public void EveryFunctionPassesThroughAndBack(string request, string reply)
    {
        var (feed, answer) = (Feed(Rtu(17, Hex(request))), Rtu(17, Hex(reply)));

        Assert.Equal(Rtu(17, Hex(request)), feed.Written);
        Assert.True(feed.ExpectsReply);
        feed.AssertEveryWay(Reply.Complete(answer), answer);
        feed.AssertEveryWay(Reply.Complete(answer), [.. answer, 0xFF, 0x11]);
        Assert.Equal(answer, feed.Translate(answer));
        for (var length = 0; length < answer.Length; length++)
            Assert.Equal(Reply.None(ReplyStatus.Incomplete), feed.Whole(answer[..length]));
    }

    [Theory, MemberData(nameof(WithoutLength))]
    public void AReplyWithoutALengthEndsBySilenceAndWithTheRightCrc(string request, string reply)
    {
        var (feed, answer) = (Feed(Rtu(17, Hex(request))), Rtu(17, Hex(reply)));

        feed.AssertEveryWay(Reply.Complete(answer), answer);
        for (var half = 1; half < answer.Length; half++)
            Assert.Equal(Reply.Complete(answer), feed.Run(answer, [half], [], pauses: true));
        feed.AssertEveryWay(Reply.Complete(answer, 1), [0xFF, .. answer]);
        feed.AssertEveryWay(Reply.Complete(answer, Right.Length), [.. Right, .. answer]);

        var broken = answer.ToArray();
        broken[^1] ^= 1;
        Assert.Equal(ReplyStatus.Incomplete, feed.Whole(broken).End);
    }

    [Fact]
    public void AnExceptionToAFunctionWithoutALengthNeedsNoSilence()
    {
        var exception = Rtu(1, 0xC1, 0x01);
        Assert.Equal(Reply.Complete(exception), Feed(Rtu(1, 0x41, 1, 2)).Run([.. exception, 9], [5], []));
    }

    [Fact]
    public void NothingButDrainingTellsALateReplyOfTheSameKindFromTheRightOne()
    {
        // So the relay must discard A's before B is written; whatever comes first after it, is B's.
        var late = Hex("01 03 02 00 11 78 48");
        Feed(Hex("01 03 00 00 00 01 84 0A")).AssertEveryWay(Reply.Complete(late), late);
        Feed(Request).AssertEveryWay(Reply.Complete(Right), Right);
        Feed(Request).AssertEveryWay(Reply.Complete(late), [.. late, .. Right]);
    }

    [Fact]
    public void FramesOfAnotherUnitOrFunctionAreDiscardedWhole()
    {
        byte[][] foreign = [Rtu(2, Hex("03 02 0011")), Rtu(1, Hex("04 02 0011")), Rtu(1, Hex("84 02")), Rtu(2, Hex("83 02")), Rtu(3, Hex("10 0001 0002"))];
        foreach (var frame in foreign) Feed(Request).AssertEveryWay(Reply.Complete(Right, frame.Length), [.. frame, .. Right]);

        Feed(Request).AssertEveryWay(Reply.Complete(Right, foreign.Sum(f => f.Length)), [.. foreign.SelectMany(f => f), .. Right]);
    }

    [Fact]
    public void AWrongCrcIsNeverTheReplyAndDoesNotHideTheRightOne()
    {
        for (var bit = 0; bit < Right.Length * 8; bit++)
        {
            var broken = Right.ToArray();
            broken[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.NotEqual(ReplyStatus.Complete, Feed(Request).Whole(broken).End);
        }

        Feed(Request).AssertEveryWay(Reply.Complete(Right, 7), [.. Hex("01 03 02 00 22 38 5C"), .. Right]);
    }

    [Fact]
    public void AFrameWithinTheUnfinishedReplyIsNotTheReply()
    {
        // Registers that hold what went over another line.
        byte[] read = Rtu(1, [3, 10, .. Right, 1, 2, 3]);
        Feed(Request).AssertEveryWay(Reply.Complete(read), read);
        byte[] unknown = Rtu(1, [0x41, .. Rtu(1, 0xC1, 2), 1, 2, 3]);
        Feed(Rtu(1, 0x41)).AssertEveryWay(Reply.Complete(unknown), unknown);
    }

    [Theory]
    [InlineData("00"), InlineData("FF"), InlineData("FF FF FF"), InlineData("00 00 00 00 00"), InlineData("01"), InlineData("02 03")]
    [InlineData("01 03 FF"), InlineData("80 01 01"), InlineData("07 2B 0E 01 01 00 00 FF")]
    [InlineData("01 03 00 10 00 01 85 CF")] // an adapter that hears itself
    public void NoiseBeforeTheReplyIsDiscarded(string noise)
    {
        var expected = Reply.Complete(Right, Hex(noise).Length);
        Assert.Equal(expected, Feed(Request).Whole([.. Hex(noise), .. Right]));
        Assert.Equal(expected, Feed(Request).Run([.. Hex(noise), .. Right], [.. Enumerable.Range(1, Hex(noise).Length + 6)], []));
    }

    [Fact]
    public void NoiseWithoutEndIsDiscardedAsItComes()
    {
        foreach (var value in new byte[] { 0x00, 0x41, 0xFF })
        {
            var noise = new byte[5000];
            Array.Fill(noise, value);
            foreach (var request in new[] { Request, Rtu(1, 0x41), Rtu(0x41, 0x41) })
            {
                var end = Feed(request).Run(noise, [.. Enumerable.Range(1, 499).Select(i => i * 10)], []);
                Assert.Equal(ReplyStatus.Incomplete, end.End);
                Assert.InRange(end.Discarded, noise.Length - 256, noise.Length);
            }
        }

        byte[] all = [.. Enumerable.Repeat((byte)0x41, 300), .. Right];
        Assert.Equal(Reply.Complete(Right, 300), Feed(Request).Whole(all));
    }

    [Fact]
    public void AReplyLargerThanAllowedIsLost()
    {
        var small = Link("Rtu", "Rtu", 6, Units());
        Assert.Equal(Reply.None(ReplyStatus.Lost), new LinkFeed(small, Request, 6).Whole(Right));
        Assert.Equal(Reply.Complete(Rtu(1, 0x83, 2)), new LinkFeed(small, Request, 6).Whole(Rtu(1, 0x83, 2)));
        Assert.Equal(Reply.None(ReplyStatus.Lost), new LinkFeed(small, Rtu(1, 0x41), 100).Whole(Rtu(1, 0x41, 1, 2, 3)));
    }

    [Fact]
    public void NothingAnswersABroadcast()
    {
        var units = Units((5, 0), (0, 6));
        Assert.False(new LinkFeed(Link("Rtu", "Rtu", 100, Units()), Rtu(0, Hex("06 0001 0003"))).ExpectsReply);
        Assert.False(new LinkFeed(Link("Rtu", "Rtu", 100, units), Rtu(5, Hex("06 0001 0003"))).ExpectsReply);
        Assert.True(new LinkFeed(Link("Rtu", "Rtu", 100, units), Rtu(0, Hex("06 0001 0003"))).ExpectsReply);
    }

    [Fact]
    public void AUnitIsTranslatedThereAndBack()
    {
        var feed = new LinkFeed(Link("Rtu", "Rtu", 100, Units((9, 1))), Rtu(9, Hex("03 0010 0001")));

        Assert.Equal(Request, feed.Written);
        feed.AssertEveryWay(Reply.Complete(Right), Right);
        Assert.Equal(Rtu(9, Hex("03 02 0022")), feed.Translate(Right));
    }

    private static LinkFeed Feed(byte[] request) => new(Link("Rtu", "Rtu", 1048576, Units()), request);
}
