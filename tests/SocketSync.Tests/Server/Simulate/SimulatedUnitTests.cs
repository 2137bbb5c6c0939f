namespace SocketSync.Tests;

public class SimulatedUnitTests
{
    private readonly SimulatedUnit _unit = new();

    [Theory]
    [InlineData("01 0000 0003", "01 01 02")] // odd coils are on
    [InlineData("02 0000 0009", "02 02 49 00")] // every third input
    [InlineData("03 006B 0003", "03 06 006B 006C 006D")]
    [InlineData("04 0000 0001", "04 02 4E20")]
    [InlineData("03 270F 0001", "03 02 270F")]
    [InlineData("2B 0E 01 00", "2B 0E 01 81 00 00 03 00 0A 536F636B657453796E63 01 09 53696D756C61746F72 02 03 312E30")]
    [InlineData("2B 0E 01 09", "2B 0E 01 81 00 00 03 00 0A 536F636B657453796E63 01 09 53696D756C61746F72 02 03 312E30")]
    [InlineData("2B 0E 04 02", "2B 0E 04 81 00 00 01 02 03 312E30")]
    public void HoldsTheValuesThatTheHelpTells(string request, string reply) => AssertAnswers(request, reply);

    [Theory]
    [InlineData("05 0004 FF00", "05 0004 FF00", "01 0004 0001", "01 01 01")]
    [InlineData("06 0001 0003", "06 0001 0003", "03 0001 0001", "03 02 0003")]
    [InlineData("0F 0013 000A 02 CD01", "0F 0013 000A", "01 0013 000A", "01 02 CD01")]
    [InlineData("10 0001 0002 04 000A 0102", "10 0001 0002", "03 0001 0002", "03 04 000A 0102")]
    [InlineData("17 0003 0006 000E 0003 06 00FF 00FE 00FD", "17 0C 0003 0004 0005 0006 0007 0008", "03 000E 0003", "03 06 00FF 00FE 00FD")]
    [InlineData("17 000E 0001 000E 0001 02 00FF", "17 02 00FF", "03 000E 0001", "03 02 00FF")] // it writes before it reads
    public void KeepsWhatIsWritten(string write, string done, string read, string reply)
    {
        AssertAnswers(write, done);
        AssertAnswers(read, reply);
    }

    /// <summary>The example of the specification, 6.16: 12 hex, and F2, or 25, comes to 17.</summary>
    [Fact]
    public void MasksARegister()
    {
        AssertAnswers("06 0004 0012", "06 0004 0012");
        AssertAnswers("16 0004 00F2 0025", "16 0004 00F2 0025");
        AssertAnswers("03 0004 0001", "03 02 0017");
    }

    [Theory]
    [InlineData("07", "87 01")]
    [InlineData("41 00", "C1 01")]
    [InlineData("2B 0D 01", "AB 01")]
    [InlineData("03 2710 0001", "83 02")]
    [InlineData("03 270F 0002", "83 02")]
    [InlineData("03 FFFF 0001", "83 02")]
    [InlineData("05 2710 FF00", "85 02")]
    [InlineData("06 2710 0001", "86 02")]
    [InlineData("16 2710 0000 0000", "96 02")]
    [InlineData("2B 0E 04 03", "AB 02")]
    [InlineData("01 0000 0000", "81 03")]
    [InlineData("01 0000 07D1", "81 03")]
    [InlineData("03 0000 007E", "83 03")]
    [InlineData("04 0000", "84 03")]
    [InlineData("05 0000 0001", "85 03")]
    [InlineData("0F 0000 0009 01 FF", "8F 03")]
    [InlineData("10 0000 0002 02 0001", "90 03")]
    [InlineData("10 0000 0000 00", "90 03")]
    [InlineData("2B 0E 05 00", "AB 03")]
    public void WhatItCannotDoIsAnException(string request, string exception) => AssertAnswers(request, exception);

    /// <summary>Of a write and a read at once, the write must not be carried out when the read cannot be.</summary>
    [Fact]
    public void NothingIsWrittenByARequestThatFails()
    {
        AssertAnswers("17 2710 0001 0000 0001 02 00FF", "97 02");
        AssertAnswers("10 270F 0002 04 0001 0002", "90 02");
        AssertAnswers("03 0000 0001", "03 02 0000");
        AssertAnswers("03 270F 0001", "03 02 270F");
    }

    private void AssertAnswers(string request, string reply) =>
        Assert.Equal(Convert.ToHexString(PlainModbus.Hex(reply)), Convert.ToHexString(_unit.Execute(PlainModbus.Hex(request))));
}
