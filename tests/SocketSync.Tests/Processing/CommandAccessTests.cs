namespace SocketSync.Tests;

/// <summary>Who may give which command: lines, and SCPI's program messages.</summary>
public class CommandAccessTests
{
    private static string Deny(string pattern) => $$"""[ { "Commands": [ "{{pattern}}" ], "Allow": false } ]""";

    private static string AllowOnly(string pattern) => $$"""[ { "Commands": [ "{{pattern}}" ], "Allow": true }, { "Allow": false } ]""";

    [Theory]
    [InlineData("RESET", "RESET\n", true)]
    [InlineData("RESET", "RESET\r\n", true)]
    [InlineData("RESET", "RESET\r\r\n", true)]
    [InlineData("RESET", "RESET 1\n", false)]
    [InlineData("RESET", "RESE\n", false)]
    [InlineData("RESET", "reset\n", false)]
    [InlineData("RESET*", "RESET 1\n", true)]
    [InlineData("RESET*", "RESET\n", true)]
    [InlineData("RESET*", "XRESET\n", false)]
    [InlineData("*IDN?", "*IDN?\n", true)]
    [InlineData("*IDN?", "xIDN?\n", false)]
    [InlineData("A*B", "A*B\n", true)]
    [InlineData("A*B", "AxB\n", false)]
    [InlineData("*", "\n", true)]
    [InlineData("*", "anything; at all\n", true)]
    [InlineData("ünits", "\u00c3\u00bcnits\n", true)]
    public void ALineIsOneCommand(string pattern, string line, bool fits)
    {
        Assert.Equal(fits ? Outcome.Denied : null, AccessBench.Line(Deny(pattern), line));
        Assert.Equal(fits ? null : Outcome.Denied, AccessBench.Line(AllowOnly(pattern), line));
    }

    /// <summary>A program that takes CR for a line's end, as Python does, would read two commands.</summary>
    [Theory]
    [InlineData("GET\rRESET\n", null)]
    [InlineData("GET\rRESET\r\n", null)]
    [InlineData("GET\nRESET\r", "\\r")]
    [InlineData("GET\nRESET\r\n", "\\r\\n")]
    public void ALineWithinALineIsNotTold(string line, string? delimiter)
    {
        Assert.Equal(Outcome.Denied, AccessBench.Line(AllowOnly("GET*"), line, delimiter: delimiter));
        Assert.Equal(Outcome.Denied, AccessBench.Line(Deny("RESET"), line, delimiter: delimiter));
    }

    [Fact]
    public void WhereNoLineBreakEndsACommandItMayHoldSome()
    {
        Assert.Null(AccessBench.Line(AllowOnly("<get>*"), "<get>\n</get>\0", delimiter: "\\0"));
        Assert.Equal(Outcome.Denied, AccessBench.Line(AllowOnly("get"), "\nget\0", delimiter: "\\0"));
    }

    [Theory]
    [InlineData("*RST", "*RST\n", true)]
    [InlineData("*RST", "*rst\r\n", true)]
    [InlineData("*RST", "  *RST\t\n", true)]
    [InlineData("*RST", "*IDN?;*RST\n", true)]
    [InlineData("*RST", "*RST;*IDN?\n", true)]
    [InlineData("*RST", "*IDN?; \t*RST ;\n", true)]
    [InlineData("*RST", "*IDN?;;*RST\n", true)]
    [InlineData("*RST", "DISP \"*RST;*RST\"\n", false)]
    [InlineData("*RST", "DISP ';*RST;'\n", false)]
    [InlineData("*RST", "DISP \"a\"\";*RST;\"\n", false)]
    [InlineData("*RST", "DISP \"a\";*RST\n", true)]
    [InlineData("*RST", "DATA #15;*RST\n", false)]
    [InlineData("*RST", "DATA #11x;*RST\n", true)]
    [InlineData("*RST", "DATA #0;*RST\n", false)]
    [InlineData("*RST", "DATA #H0F;*RST\n", true)]
    [InlineData("syst:pres", ":SYST:PRES\n", true)]
    [InlineData(":SYST:PRES", "syst:pres\n", true)]
    [InlineData(":SYST:PRES", ": syst:pres\n", true)]
    [InlineData("SYST:PRES", "SYSTEM:PRESET\n", false)] // the long form is another text
    [InlineData("SYST*", "SYSTEM:PRESET\n", true)]
    [InlineData("SYST:PRES", "SYST:PRES 1\n", false)]
    [InlineData("OUTP ON", "OUTP\t  ON\n", true)]
    [InlineData("OUTP  ON", "outp on\n", true)]
    [InlineData("OUTP *", "OUTP\tON\n", true)]
    [InlineData("OUTP *", "OUTP?\n", false)]
    // The path of the command before: both meanings count.
    [InlineData("SYST:PRES", "SYST:ERR?;PRES\n", true)]
    [InlineData("PRES", "SYST:ERR?;PRES\n", true)]
    [InlineData("SYST:PRES", "SYST:ERR?;:PRES\n", false)]
    [InlineData("SYST:PRES", "SYST:ERR?;*CLS;PRES\n", true)]
    [InlineData("A:B:D:F", "A:B:C;D:E 1;F 2\n", false)]
    [InlineData("A:B:D:F 2", "A:B:C;D:E 1;F 2\n", true)]
    [InlineData("A:B:D:F*", "A:B:C;D:E 1;F 2\n", true)]
    [InlineData("SYST:PRES", "SYST;PRES\n", false)]
    public void ALineOfScpiIsDeniedWhenOneOfItsCommandsIs(string pattern, string line, bool denied) =>
        Assert.Equal(denied ? Outcome.Denied : null, AccessBench.Line(Deny(pattern), line, "Scpi"));

    [Theory]
    [InlineData("MEAS:VOLT?\n", true)]
    [InlineData(":meas:volt? 10;:MEAS:CURR?\n", true)]
    [InlineData("MEAS:VOLT?;CURR?\n", false)] // CURR? alone is not allowed, and an instrument may read it so
    [InlineData("MEAS:VOLT?;*RST\n", false)]
    [InlineData("*RST\n", false)]
    [InlineData("\n", false)]
    [InlineData(";\n", false)]
    [InlineData("MEAS \"open;*RST\n", false)]
    [InlineData("MEAS #3100;*RST\n", false)]
    [InlineData("MEAS #\n", false)]
    [InlineData("MEAS?\r*RST\n", false)]
    public void AllCommandsOfALineMustBeAllowed(string line, bool allowed) =>
        Assert.Equal(allowed ? null : Outcome.Denied, AccessBench.Line(AllowOnly("MEAS*"), line, "Scpi"));

    [Fact]
    public void WhatCannotBeToldIsDeniedByARuleThatDeniesAnyCommand()
    {
        foreach (var line in (string[])["X \"open\n", "X #210ab\n", $"{new string(';', 3)}{string.Concat(Enumerable.Repeat("A;", 257))}\n", $"{new string('A', 300)}:B;C\n"])
            Assert.Equal(Outcome.Denied, AccessBench.Line(Deny("*RST"), line, "Scpi"));
        Assert.Null(AccessBench.Line(Deny("*RST"), string.Concat(Enumerable.Repeat("A;", 256)) + "\n", "Scpi"));
        Assert.Null(AccessBench.Line("""[ { "Listeners": [ "Other" ], "Commands": [ "*RST" ], "Allow": false } ]""", "X \"open\n", "Scpi"));
    }
}
