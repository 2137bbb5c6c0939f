using System.Text;

namespace SocketSync.Tests;

/// <summary>"MODBUS over Serial Line V1.02", section 2.5.2: the form of a frame, its LRC, and a reply in noise.</summary>
public class ModbusAsciiTests
{
    private const string Right = ":0103020022D8\r\n";
    private static readonly string Request = Text(PlainModbus.Ascii(1, 3, 0, 16, 0, 1));

    [Theory]
    [InlineData(":010321020002D7\r\n")] // Modicon's reference guide
    [InlineData(":1103006B00037E\r\n")]
    [InlineData(":F7031389000A60\r\n")]
    [InlineData(":0207F7\r\n")]
    [InlineData(":010000FF\r\n")] // the sum is 1
    [InlineData(":00000000\r\n")] // the sum is 0, and so is its complement
    public void TheLrcIsThatOfPublishedFrames(string frame)
    {
        var bytes = Encoding.ASCII.GetBytes(frame);
        Assert.True(PlainModbus.IsIntactAscii(bytes));
        Assert.Equal(frame, Text(PlainModbus.Ascii(Convert.FromHexString(frame[1..3])[0], Convert.FromHexString(frame[3..^4]))));
        Assert.Equal(FrameResult.Complete(frame.Length), Find(frame));
        Assert.Equal(FrameResult.Complete(frame.Length), Find(frame.ToLowerInvariant()));
        Assert.Equal(FrameResult.Complete(frame.Length), Find(frame + frame));
    }

    [Fact]
    public void EveryOtherLrcIsWrong()
    {
        for (var lrc = 0; lrc < 256; lrc++)
        {
            Assert.Equal(lrc == 0x7E ? FrameStatus.Complete : FrameStatus.Malformed, Find($":1103006B0003{lrc:X2}\r\n").Status);
            var reply = $":0103020022{lrc:X2}\r\n";
            Assert.Equal(lrc == 0xD8 ? ReplyStatus.Complete : ReplyStatus.Incomplete, Feed().Whole(Encoding.ASCII.GetBytes(reply)).End);
        }
    }

    [Fact]
    public void EveryBitCounts()
    {
        var frame = Encoding.ASCII.GetBytes(":1103006B00037E\r\n");
        for (var bit = 0; bit < frame.Length * 8; bit++)
        {
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
            // But for the case of a letter.
            var isSame = (bit % 8) == 5 && char.IsAsciiLetter((char)frame[bit / 8]);
            Assert.Equal(isSame, Find(Text(frame)).Status == FrameStatus.Complete);
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    /// <summary>A request that the line's adapter sends back has the right unit, function and LRC, but not a reply's length.</summary>
    [Fact]
    public void AnEchoOfTheRequestIsNotTheReply()
    {
        var echo = Encoding.ASCII.GetBytes(Request);
        var right = Encoding.ASCII.GetBytes(Right);
        Feed().AssertEveryWay(Reply.Complete(right, discarded: echo.Length), [.. echo, .. right]);
        Feed().AssertEveryWay(Reply.None(ReplyStatus.Incomplete, discarded: echo.Length), echo);
    }

    [Theory]
    [InlineData("x", "Malformed"), InlineData("1103006B00037E\r\n", "Malformed"), InlineData("\r\n:1103006B00037E\r\n", "Malformed")]
    [InlineData(":G", "Malformed"), InlineData(":1103 006B", "Malformed"), InlineData(":11:1103006B00037E\r\n", "Malformed")]
    [InlineData(":\r\n", "Malformed"), InlineData(":1\r\n", "Malformed"), InlineData(":11\r\n", "Malformed"), InlineData(":11EF\r\n", "Malformed")]
    [InlineData(":1103006B00037\r\n", "Malformed"), InlineData(":1103006B00037EE\r\n", "Malformed")]
    [InlineData(":1103006B00037E\n", "Malformed"), InlineData(":1103006B00037E\r\r\n", "Malformed"), InlineData(":1103006B00037E\r0", "Malformed")]
    [InlineData(":", "Incomplete"), InlineData(":1", "Incomplete"), InlineData(":1103006B00037E", "Incomplete"), InlineData(":1103006B00037E\r", "Incomplete")]
    public void WhatIsNoFrameIsMalformedAsSoonAsThatIsCertain(string text, string expected) =>
        new Feed(Protocol(), ProtocolOptions.DefaultMaxRequestBytes).AssertEveryWay(expected, Encoding.ASCII.GetBytes(text), [.. Enumerable.Range(1, text.Length - 1)]);

    [Fact]
    public void AFrameHas513CharactersAtMost()
    {
        var longest = Text(PlainModbus.Ascii(1, [0x41, .. new byte[252]]));
        Assert.Equal(513, longest.Length);
        Assert.Equal(FrameResult.Complete(513), Find(longest));
        Assert.Equal(FrameResult.Malformed, Find(Text(PlainModbus.Ascii(1, [0x41, .. new byte[253]]))));
        Assert.Equal(FrameResult.Incomplete, Find(longest[..512]));
        Assert.Equal(FrameResult.Malformed, Find(longest[..511] + "00"));
        Assert.Equal(FrameResult.Complete(513), new ModbusProtocol(ModbusAscii.Framing, 513).FindRequest(Segments.Of(Encoding.ASCII.GetBytes(longest)), 0));
        Assert.Equal(FrameResult.TooLarge, new ModbusProtocol(ModbusAscii.Framing, 512).FindRequest(Segments.Of(Encoding.ASCII.GetBytes(longest)), 0));
    }

    [Theory]
    [InlineData("x"), InlineData("\r\n"), InlineData(":"), InlineData(":::"), InlineData(":0103020022"), InlineData(":0103020022D8\r"), InlineData(":0103020022D8\n")]
    [InlineData(":0103020022D9\r\n")] // a wrong LRC
    [InlineData(":0103020022D80\r\n")] // half a byte
    [InlineData(":0203020022D7\r\n")] // another unit
    [InlineData(":0104020022D7\r\n")] // another function
    [InlineData(":018402F9\r\n")] // and its exception
    [InlineData(":\r\n"), InlineData(":01FF\r\n"), InlineData("0103020022D8\r\n"), InlineData(":010302\0"), InlineData("\u00ff\u00fe:01\r:02\r\r\n\n")]
    public void NoiseBeforeTheReplyIsDiscarded(string noise) =>
        Feed().AssertEveryWay(Reply.Complete(Encoding.ASCII.GetBytes(Right), noise.Length), Encoding.Latin1.GetBytes(noise + Right));

    [Fact]
    public void ReplyAndExceptionEndWithTheirFrame()
    {
        foreach (var reply in new[] { Right, ":0103020022d8\r\n", ":0183027A\r\n" })
            Feed().AssertEveryWay(Reply.Complete(Encoding.ASCII.GetBytes(reply)), Encoding.ASCII.GetBytes(reply + ":0103"));
    }

    [Fact]
    public void NoiseWithoutEndIsDiscardedAsItComes()
    {
        foreach (var value in ":0x\r"u8.ToArray())
        {
            byte[] noise = [(byte)':', .. Enumerable.Repeat(value, 5000)];
            var end = Feed().Run(noise, [.. Enumerable.Range(1, 499).Select(i => i * 10)], []);
            Assert.Equal(ReplyStatus.Incomplete, end.End);
            Assert.InRange(end.Discarded, noise.Length - 513, noise.Length);
            Assert.Equal(
                Reply.Complete(Encoding.ASCII.GetBytes(Right), noise.Length),
                Feed().Run([.. noise, .. Encoding.ASCII.GetBytes(Right)], [1000, 2000, 5003], []));
        }
    }

    [Theory]
    [InlineData("x"), InlineData(":"), InlineData(":0"), InlineData(":0103020022D9\r\n")]
    public void NoiseIsNotLookedAtForEachByteOfIt(string noise)
    {
        const int Size = 64;
        var segments = new CountingSegments();
        byte[] bytes = [.. Enumerable.Repeat(Encoding.ASCII.GetBytes(noise), (1 << 16) / noise.Length).SelectMany(n => n)];
        foreach (var part in bytes.Chunk(Size)) segments.Add(part);
        var (rest, steps) = (segments.Sequence, 0);
        for (; !rest.IsEmpty; steps++)
        {
            var found = ModbusAscii.Framing.FindReply(new ModbusHead(0, 1, 3), rest, 0, isSilent: false, 1000);
            if (found.Status != ReplyStatus.Foreign) break;
            rest = rest.Slice(found.Length);
        }

        Assert.InRange(rest.Length, 0, 513);
        // Each frame that begins is a step, and no step looks at more than a window.
        Assert.InRange(steps, 1, (bytes.Count(b => b == ':') + (bytes.Length / 500)));
        Assert.InRange(segments.Looks, bytes.Length / Size, (2L * 1026 / Size) * (steps + 1));
    }

    [Fact]
    public void AReplyLargerThanAllowedIsLost()
    {
        var feed = new LinkFeed(PlainModbus.Link("Ascii", "Ascii", 11, PlainModbus.Units()), Encoding.ASCII.GetBytes(Request), 11);
        Assert.Equal(Reply.None(ReplyStatus.Lost), feed.Whole(Encoding.ASCII.GetBytes(Right)));
        Assert.Equal(ReplyStatus.Complete, feed.Whole(":0183027A\r\n"u8.ToArray()).End);
    }

    private static FrameResult Find(string text) => Protocol().FindRequest(Segments.Of(Encoding.Latin1.GetBytes(text), text.Length / 2), 0);

    private static ModbusProtocol Protocol() => new(ModbusAscii.Framing, ProtocolOptions.DefaultMaxRequestBytes);

    private static LinkFeed Feed() => new(PlainModbus.Link("Ascii", "Ascii", 1048576, PlainModbus.Units()), Encoding.ASCII.GetBytes(Request));

    private static string Text(byte[] bytes) => Encoding.Latin1.GetString(bytes);
}
