using System.IO.Ports;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

/// <summary>What a client of RFC 2217 is answered before it has a turn: what it will have, and never silence.</summary>
public class LineServerTests
{
    private static readonly LineSettings Configured = new(9600, 7, Parity.Even, StopBits.Two, Handshake.XOnXOff);

    private readonly LineServer _server = new(Configured, new FakeTimeProvider());

    [Theory]
    [InlineData("01 00000000", "65 00002580")] // which baud rate?
    [InlineData("02 00", "66 07")]
    [InlineData("03 00", "67 03")]
    [InlineData("04 00", "68 02")]
    [InlineData("05 00", "69 02")] // which flow control?
    [InlineData("05 04", "69 06")] // break?
    [InlineData("05 07", "69 08")] // DTR?
    [InlineData("05 0A", "69 0B")] // RTS?
    [InlineData("05 0D", "69 0F")] // inbound flow control?
    public void TellsHowTheLineIsConfigured(string question, string answer) => Assert.Equal(answer, Ask(question));

    [Theory]
    [InlineData("01 0001C200", "65 0001C200", "01 00000000")]
    [InlineData("02 08", "66 08", "02 00")]
    [InlineData("03 05", "67 05", "03 00")]
    [InlineData("04 03", "68 03", "04 00")]
    [InlineData("05 03", "69 03", "05 00")]
    [InlineData("05 09", "69 09", "05 07")]
    [InlineData("05 0C", "69 0C", "05 0A")]
    public void ConfirmsAndRemembersWhatIsSet(string command, string answer, string question)
    {
        Assert.Equal(answer, Ask(command));
        Assert.Equal(answer, Ask(question));
    }

    [Theory]
    [InlineData("01 FFFFFFFF", "65 00002580")]
    [InlineData("02 09", "66 07")]
    [InlineData("03 06", "67 03")]
    [InlineData("04 04", "68 02")]
    [InlineData("05 05", "69 06")] // a break outside a turn would be in another's
    [InlineData("05 11", "69 02")]
    public void WhatCannotBeIsAnsweredByWhatIs(string command, string answer) => Assert.Equal(answer, Ask(command));

    [Theory]
    [InlineData("00", "64 536F636B657453796E63")]
    [InlineData("07", "6B 00")]
    [InlineData("0A 10", "6E 10")]
    [InlineData("0B F0", "6F F0")]
    [InlineData("0C 03", "70 03")]
    public void AnswersTheRest(string command, string answer) => Assert.Equal(answer, Ask(command));

    [Theory]
    [InlineData("01 00")]
    [InlineData("02")]
    [InlineData("0C 04")]
    [InlineData("63 01")]
    public void WhatIsNotOfTheRfcIsIgnored(string command) => Assert.Equal("", Ask(command));

    private string Ask(string command)
    {
        var sent = new PooledBuffer();
        ComPort.Write(sent, Convert.FromHexString(command[..2])[0], Convert.FromHexString(command[2..].Trim()));
        _server.Decode(sent.Written.Span, new PooledBuffer());
        var said = Convert.ToHexString(_server.Replies.Written.Span);
        _server.Replies.Clear();
        return said.Length == 0 ? "" : $"{said[6..8]} {said[8..^4]}";
    }
}
