namespace SocketSync.Tests;

public class SimulateCommandTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("00:00:00.200", 200)]
    [InlineData("00:01:00", 60_000)]
    [InlineData("200ms", 200)]
    [InlineData("1.5s", 1500)]
    public void ATimeIsWrittenAsInTheConfigurationOrShort(string text, int milliseconds)
    {
        Assert.True(SimulatedManners.TryParseTime(text, out var time));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), time);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("")]
    [InlineData("-00:00:01")]
    [InlineData("-5s")]
    [InlineData("ms")]
    [InlineData("5 s")]
    [InlineData("10:00")]
    [InlineData("2.00:00:00")]
    [InlineData("1e300s")]
    [InlineData("99999999999999999999s")]
    public void AnyOtherTimeIsRefused(string text) => Assert.False(SimulatedManners.TryParseTime(text, out _));

    /// <summary>Each of these is told in one line, before anything is opened.</summary>
    [Theory]
    [InlineData("simulate")]
    [InlineData("simulate modbs")]
    [InlineData("simulate modbus --delay 5")]
    [InlineData("simulate modbus --misbehave late,early")]
    [InlineData("simulate modbus --misbehave ,")]
    [InlineData("simulate modbus --listen 70000")]
    [InlineData("simulate modbus --listen example.org:5020")]
    [InlineData("simulate modbus --unit 1")]
    [InlineData("simulate modbus --serial /dev/ttyUSB0")]
    [InlineData("simulate modbus-rtu --unit 0")]
    [InlineData("simulate modbus-rtu --unit 5-3")]
    [InlineData("simulate modbus-rtu --unit 248")]
    [InlineData("simulate line --serial /dev/ttyUSB0,fast")]
    [InlineData("simulate line --serial /dev/ttyUSB0 --listen 5020")]
    [InlineData("simulate line --echo")]
    [InlineData("simulate line --serial /dev/there-is-no-such-line")]
    [InlineData("ask localhost")]
    [InlineData("ask localhost hello")]
    [InlineData("ask localhost:0 hello")]
    [InlineData("ask localhost:1 hello --timeout 0")]
    public async Task WhatIsWrongEndsItWithCode2(string line) => Assert.Equal(2, await ServerCommandLine.InvokeAsync(line.Split(' ')));

    [Fact]
    public async Task WhereNobodyListensAskFails() => Assert.Equal(1, await ServerCommandLine.InvokeAsync(["ask", "127.0.0.1:1", "hello"]));
}
