using System.Buffers;
using System.Text;

namespace SocketSync.Tests;

public class SimulatedInstrumentTests
{
    private readonly SimulatedInstrument _instrument = new();

    [Theory]
    [InlineData("*IDN?", "SocketSync,Simulator,0,1.0")]
    [InlineData("*idn?\r", "SocketSync,Simulator,0,1.0")]
    [InlineData("*OPC?", "1")]
    [InlineData("SYST:ERR?", "0,\"No error\"")]
    [InlineData("VOLT?", "0.000")]
    [InlineData("VOLT 5;VOLT?", "5.000")]
    [InlineData("VOLT 1.5 V;:MEASure:VOLTage:DC?;*OPC?", "1.500;1")]
    [InlineData("source:voltage 2e1;SOUR:VOLT?", "20.000")]
    [InlineData("VOLT 5;*RST;VOLT?", "0.000")]
    public void AnswersEachLineThatAsksWithOneLine(string line, string reply) => Assert.Equal(reply, Ask(line));

    [Theory]
    [InlineData("VOLT 5")]
    [InlineData("*RST")]
    [InlineData("*CLS")]
    [InlineData("")]
    public void ACommandIsNotAnswered(string line)
    {
        Assert.Null(Ask(line));
        Assert.Equal("0,\"No error\"", Ask("SYST:ERR?"));
    }

    [Theory]
    [InlineData("FOO?", "-113,\"Undefined header\"")]
    [InlineData("VOLT", "-109,\"Missing parameter\"")]
    [InlineData("VOLT much", "-104,\"Data type error\"")]
    [InlineData("VOLT 31", "-222,\"Data out of range\"")]
    [InlineData("VOLT -1", "-222,\"Data out of range\"")]
    [InlineData("VOLT NaN", "-222,\"Data out of range\"")]
    [InlineData("*IDN? 5", "-108,\"Parameter not allowed\"")]
    public void WhatItDoesNotUnderstandGoesToTheErrorsAlone(string line, string error)
    {
        Ask("VOLT 7");
        Assert.Null(Ask(line));
        Assert.Equal($"{error};0,\"No error\"", Ask("SYST:ERR?;SYST:ERR?"));
        Assert.Equal("7.000", Ask("VOLT?"));
    }

    [Fact]
    public void ErrorsComeInOrderAndAreBounded()
    {
        Ask("VOLT");
        for (var i = 0; i < 100; i++) Ask("FOO");
        Assert.Equal("-109,\"Missing parameter\"", Ask("SYST:ERR?"));
        var errors = Enumerable.Range(0, 100).Select(_ => Ask("SYST:ERR?")).TakeWhile(error => error != "0,\"No error\"").ToList();
        Assert.Equal("-350,\"Queue overflow\"", errors[^1]);
        Assert.Equal(15, errors.Count);

        Ask("FOO;*CLS");
        Assert.Equal("0,\"No error\"", Ask("SYST:ERR?"));
    }

    private string? Ask(string line)
    {
        var reply = _instrument.Answer(new ReadOnlySequence<byte>(Encoding.ASCII.GetBytes(line + "\n")));
        if (reply.Bytes is not { } bytes) return null;
        var text = Encoding.ASCII.GetString(bytes);
        Assert.Equal(text.Length - 1, text.IndexOf('\n', StringComparison.Ordinal));
        return text[..^1];
    }
}
