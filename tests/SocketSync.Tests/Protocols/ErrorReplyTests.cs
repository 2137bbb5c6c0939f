using System.Buffers;
using System.Text;

namespace SocketSync.Tests;

public class ErrorReplyTests
{
    private static readonly Outcome[] Errors =
        [Outcome.Busy, Outcome.Timeout, Outcome.Unavailable, Outcome.Failed, Outcome.Malformed, Outcome.TooLarge];

    [Fact]
    public void ALineTellsEveryErrorByteForByte()
    {
        const string expected =
            "ERROR busy in use by others and not processed\r\n" +
            "ERROR timeout took longer than allowed\r\n" +
            "ERROR unavailable cannot be served now\r\n" +
            "ERROR failed went wrong while being processed\r\n" +
            "ERROR malformed not a request of this protocol\r\n" +
            "ERROR too-large longer than allowed\r\n";

        Assert.Equal(expected, string.Concat(Errors.Select(e => Write(new LineProtocol("\r\n"u8, 100), e))));
    }

    [Fact]
    public void AnErrorEndsWithItsDelimiterAndHoldsNoOther()
    {
        for (var value = 0; value < 256; value++)
        {
            var delimiter = (char)value;
            if (char.IsAsciiLetter(delimiter) || delimiter is ' ' or '-') continue;
            foreach (var error in Errors)
            {
                var line = Write(new LineProtocol([(byte)value], 100), error);
                Assert.Equal(line.Length - 1, line.IndexOf(delimiter, StringComparison.Ordinal));
            }
        }
    }

    [Theory]
    [InlineData("Raw"), InlineData("LengthPrefixed"), InlineData("FixedLength")]
    public void OtherProtocolsHaveNoWordForAnError(string name)
    {
        var protocol = ProtocolFactory.Create(new() { Name = name, Length = 4 });

        Assert.All(Errors, e => Assert.Empty(Write(protocol, e)));
    }

    [Theory]
    [InlineData("Raw"), InlineData("Line"), InlineData("LengthPrefixed"), InlineData("FixedLength")]
    [InlineData("Scpi"), InlineData("ModbusTcp"), InlineData("ModbusRtu")]
    public void WhatIsNoErrorIsNotTold(string name)
    {
        var protocol = ProtocolFactory.Create(new() { Name = name, Length = 4 });

        Assert.Empty(Write(protocol, Outcome.Ok));
        Assert.Empty(Write(protocol, Outcome.Abandoned));
    }

    private static string Write(IProtocol protocol, Outcome outcome)
    {
        var output = new ArrayBufferWriter<byte>();
        var told = protocol.TryWriteError(outcome, ReadOnlySequence<byte>.Empty, output);

        Assert.Equal(told, output.WrittenCount > 0);
        return Encoding.Latin1.GetString(output.WrittenSpan);
    }
}
