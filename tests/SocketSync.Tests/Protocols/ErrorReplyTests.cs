using System.Buffers;
using System.Text;

namespace SocketSync.Tests;

public class ErrorReplyTests
{
    public static TheoryData<string> Names => [.. ProtocolCatalog.Names];

    private static readonly Outcome[] Errors =
        [Outcome.Busy, Outcome.Timeout, Outcome.Unavailable, Outcome.Failed, Outcome.Denied, Outcome.DeniedAddress, Outcome.Malformed, Outcome.TooLarge];

    [Fact]
    public void ALineTellsEveryErrorByteForByte()
    {
        const string expected =
            "ERROR busy in use by others and not processed\r\n" +
            "ERROR timeout took longer than allowed\r\n" +
            "ERROR unavailable cannot be served now\r\n" +
            "ERROR failed went wrong while being processed\r\n" +
            "ERROR denied not allowed to this client\r\n" +
            "ERROR denied not allowed to this client\r\n" +
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

    [Theory, MemberData(nameof(Names))]
    public void ErrorsAreToldAsTheCatalogueSays(string name)
    {
        var definition = ProtocolCatalog.Find(name)!;
        var protocol = definition.Create(new() { Name = name, Length = 4 });
        switch (definition.Errors)
        {
            case ErrorReply.Closing:
                Assert.All(Errors, e => Assert.Empty(Write(protocol, e)));
                break;
            case ErrorReply.Line:
                Assert.All(Errors, e => Assert.Matches("^ERROR [a-z-]+ [a-z ]+\n$", Write(protocol, e)));
                break;
            case ErrorReply.ModbusException:
                var request = PlainModbus.Frame(name["Modbus".Length..], 7, 1, 3, 0, 0, 0, 1);
                Assert.Equal(PlainModbus.Frame(name["Modbus".Length..], 7, 1, 0x83, 6), Encoding.Latin1.GetBytes(Write(protocol, Outcome.Busy, request)));
                Assert.Equal(PlainModbus.Frame(name["Modbus".Length..], 7, 1, 0x83, 1), Encoding.Latin1.GetBytes(Write(protocol, Outcome.Denied, request)));
                Assert.Equal(PlainModbus.Frame(name["Modbus".Length..], 7, 1, 0x83, 2), Encoding.Latin1.GetBytes(Write(protocol, Outcome.DeniedAddress, request)));
                break;
            default:
                Assert.Fail($"No test for {definition.Errors}.");
                break;
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void WhatIsNoErrorIsNotTold(string name)
    {
        var protocol = ProtocolCatalog.Create(new() { Name = name, Length = 4 });

        Assert.Empty(Write(protocol, Outcome.Ok));
        Assert.Empty(Write(protocol, Outcome.Cached));
        Assert.Empty(Write(protocol, Outcome.Abandoned));
    }

    private static string Write(IProtocol protocol, Outcome outcome, byte[]? request = null)
    {
        var output = new ArrayBufferWriter<byte>();
        var told = protocol.TryWriteError(outcome, new ReadOnlySequence<byte>(request ?? []), output);

        Assert.Equal(told, output.WrittenCount > 0);
        return Encoding.Latin1.GetString(output.WrittenSpan);
    }
}
