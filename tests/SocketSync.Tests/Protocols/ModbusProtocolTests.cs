using System.Buffers;
using static SocketSync.Tests.PlainModbus;

namespace SocketSync.Tests;

public class ModbusProtocolTests
{
    public static TheoryData<string, string> Examples => ModbusFrames.AsData([.. ModbusFrames.Examples, .. ModbusFrames.WithoutLength]);

    [Theory]
    [InlineData("01 03 00 00 00 01 84 0A")]
    [InlineData("01 03 00 10 00 01 85 CF")]
    [InlineData("01 03 02 00 11 78 48")]
    [InlineData("01 03 02 00 22 38 5D")]
    [InlineData("02 07 41 12")] // the serial line specification, appendix B
    public void TheCrcIsThatOfPublishedFrames(string frame)
    {
        Assert.Equal(0, ModbusCrc.Of(Hex(frame)));
        Assert.True(IsIntact(Hex(frame)));
        Assert.True(RtuFrame.IsIntact(Hex(frame)));
        Assert.False(RtuFrame.IsIntact(Hex(frame).AsSpan(0, Hex(frame).Length - 1)));
    }

    [Fact]
    public void EveryBitCountsInTheCrc()
    {
        var frame = Hex("01 03 00 10 00 01 85 CF");
        for (var bit = 0; bit < frame.Length * 8; bit++)
        {
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(RtuFrame.IsIntact(frame));
            frame[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Theory, MemberData(nameof(Examples))]
    public void EveryFunctionIsARequestInEveryFraming(string request, string reply)
    {
        Assert.NotEmpty(reply);
        AssertRequest(new ModbusProtocol(ModbusTcp.Framing, 260), Tcp(0x1234, 17, Hex(request)));
        AssertRequest(new ModbusProtocol(ModbusRtu.Framing, 256), Rtu(17, Hex(request)));
        AssertRequest(new ModbusProtocol(ModbusAscii.Framing, 513), Ascii(17, Hex(request)));
    }

    [Fact]
    public void TheLongestRequestsAreAsLongAsTheSpecificationAllows()
    {
        var coils = new byte[253];
        (coils[0], coils[5]) = (15, 247);
        AssertRequest(new ModbusProtocol(ModbusRtu.Framing, 256), Rtu(1, coils));
        AssertRequest(new ModbusProtocol(ModbusTcp.Framing, 260), Tcp(1, 1, coils));

        var custom = new byte[253];
        custom[0] = 0x41;
        for (var i = 1; i < custom.Length; i++) custom[i] = 0xFF;
        AssertRequest(new ModbusProtocol(ModbusRtu.Framing, 256), Rtu(1, custom));
    }

    [Fact]
    public void WithoutALengthAndWithoutACrcItIsNoRequestOnce256BytesHaveCome()
    {
        var bytes = new byte[300];
        Array.Fill(bytes, (byte)0x41);
        var protocol = new ModbusProtocol(ModbusRtu.Framing, 65536);

        Assert.Equal(FrameResult.Incomplete, protocol.FindRequest(Segments.Of(bytes[..255]), 0));
        Assert.Equal(FrameResult.Malformed, protocol.FindRequest(Segments.Of(bytes[..256]), 255));
        Assert.Equal(FrameResult.Malformed, protocol.FindRequest(Segments.Of(bytes, 100, 200), 0));
    }

    [Theory]
    [InlineData(Outcome.Failed, "04"), InlineData(Outcome.Busy, "06"), InlineData(Outcome.Unavailable, "0A"), InlineData(Outcome.Timeout, "0B")]
    internal void AnErrorIsAnExceptionWithTheRequestsOwnNames(Outcome outcome, string code)
    {
        Assert.Equal(Hex("BEEF 0000 0003 11 83" + code), Tell(new ModbusProtocol(ModbusTcp.Framing, 260), outcome, Tcp(0xBEEF, 17, Hex("03 006B 0003"))));
        Assert.Equal(Rtu(17, Hex("90" + code)), Tell(new ModbusProtocol(ModbusRtu.Framing, 256), outcome, Rtu(17, Hex("10 0001 0001 02 0000"))));
        Assert.Equal(Ascii(17, Hex("90" + code)), Tell(new ModbusProtocol(ModbusAscii.Framing, 513), outcome, Ascii(17, Hex("10 0001 0001 02 0000"))));
    }

    [Fact]
    public void WhatIsNoRequestIsToldByClosingAlone()
    {
        Outcome[] lost = [Outcome.Malformed, Outcome.TooLarge];
        Assert.All(lost, o => Assert.Empty(Tell(new ModbusProtocol(ModbusTcp.Framing, 260), o, Tcp(1, 1, 3))));
        Assert.All(lost, o => Assert.Empty(Tell(new ModbusProtocol(ModbusRtu.Framing, 256), o, Rtu(1, 7))));
        Assert.All(lost, o => Assert.Empty(Tell(new ModbusProtocol(ModbusAscii.Framing, 513), o, Ascii(1, 7))));
        Assert.Empty(Tell(new ModbusProtocol(ModbusTcp.Framing, 260), Outcome.Busy, []));
        Assert.Empty(Tell(new ModbusProtocol(ModbusAscii.Framing, 513), Outcome.Busy, []));
        Assert.Empty(Tell(new ModbusProtocol(ModbusRtu.Framing, 256), Outcome.Busy, []));
    }

    [Fact]
    public void ABroadcastOnASerialLineIsAnsweredByNoException()
    {
        Assert.Empty(Tell(new ModbusProtocol(ModbusRtu.Framing, 256), Outcome.Busy, Rtu(0, Hex("06 0001 0003"))));
        Assert.Empty(Tell(new ModbusProtocol(ModbusAscii.Framing, 513), Outcome.Busy, Ascii(0, Hex("06 0001 0003"))));
        Assert.NotEmpty(Tell(new ModbusProtocol(ModbusTcp.Framing, 260), Outcome.Busy, Tcp(1, 0, Hex("06 0001 0003"))));
    }

    [Fact]
    public void ALimitThatHasNoRoomForAFrameIsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new ModbusProtocol(ModbusTcp.Framing, 7));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ModbusProtocol(ModbusRtu.Framing, 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new ModbusProtocol(ModbusAscii.Framing, 8));
    }

    [Fact]
    public void TellingErrorsAllocatesNothing()
    {
        var (tcp, rtu, ascii) = (new ModbusProtocol(ModbusTcp.Framing, 260), new ModbusProtocol(ModbusRtu.Framing, 256), new ModbusProtocol(ModbusAscii.Framing, 513));
        var (tcpRequest, rtuRequest, asciiRequest) = (Segments.Of(Tcp(1, 1, 7), 3, 5), Segments.Of(Rtu(1, 7), 1), Segments.Of(Ascii(1, 7), 1, 4));
        var output = new ArrayBufferWriter<byte>(64);

        Assert.Equal(0, Allocations.Of(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                output.ResetWrittenCount();
                tcp.TryWriteError(Outcome.Busy, tcpRequest, output);
                rtu.TryWriteError(Outcome.Busy, rtuRequest, output);
                ascii.TryWriteError(Outcome.Busy, asciiRequest, output);
            }
        }));
        Assert.Equal(9 + 5 + 11, output.WrittenCount);
    }

    // Whole, cut short anywhere, divided anywhere, and with more behind it.
    private static void AssertRequest(IProtocol protocol, byte[] request)
    {
        for (var cut = 0; cut <= request.Length; cut++)
        {
            Assert.Equal(FrameResult.Complete(request.Length), protocol.FindRequest(Segments.Of(request, cut), cut));
            Assert.Equal(FrameResult.Complete(request.Length), protocol.FindRequest(Segments.Of([.. request, .. request], cut), 0));
            if (cut is > 0 && cut < request.Length)
                Assert.Equal(FrameResult.Incomplete, protocol.FindRequest(Segments.Of(request[..cut]), 0));
        }
    }

    private static byte[] Tell(IProtocol protocol, Outcome outcome, byte[] request)
    {
        var output = new ArrayBufferWriter<byte>();
        var told = protocol.TryWriteError(outcome, Segments.Of(request, request.Length / 2), output);
        Assert.Equal(told, output.WrittenCount > 0);
        return output.WrittenSpan.ToArray();
    }
}
