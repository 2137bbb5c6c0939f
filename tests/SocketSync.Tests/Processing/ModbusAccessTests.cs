namespace SocketSync.Tests;

/// <summary>Who may ask a Modbus device for what: functions, units and registers.</summary>
public class ModbusAccessTests
{
    private const string DenyWrites = """[ { "Functions": [ "Write" ], "Allow": false } ]""";
    private const string Deny100To199 = """[ { "Registers": "100-199", "Allow": false } ]""";
    private const string Allow100To199 = """[ { "Registers": "100-199", "Allow": true }, { "Allow": false } ]""";

    public static TheoryData<byte> Functions => [.. Enumerable.Range(0, 256).Select(function => (byte)function)];

    [Theory]
    [MemberData(nameof(Functions))]
    public void EveryFunctionIsReadOrWrite(byte function)
    {
        var isRead = function is 1 or 2 or 3 or 4 or 7 or 11 or 12 or 17 or 20 or 24 or 43;
        var pdu = WholeOf(function);

        Assert.Equal(isRead ? null : Outcome.Denied, AccessBench.Modbus(DenyWrites, pdu));
        Assert.Equal(isRead ? Outcome.Denied : null, AccessBench.Modbus("""[ { "Functions": [ "read" ], "Allow": false } ]""", pdu));
        Assert.Equal(isRead ? null : Outcome.Denied, AccessBench.Modbus("""[ { "Functions": [ "Read" ], "Allow": true }, { "Allow": false } ]""", pdu));
        if (function is >= 1 and < 128)
        {
            Assert.Equal(Outcome.Denied, AccessBench.Modbus($$"""[ { "Functions": [ "{{function}}" ], "Allow": false } ]""", pdu));
            Assert.Null(AccessBench.Modbus($$"""[ { "Functions": [ "{{(function % 127) + 1}}" ], "Allow": false } ]""", pdu));
        }
    }

    [Theory]
    // Reads and writes of a range: its end inside, across, beside.
    [InlineData("03 0064 0064", true, true)] // 100-199
    [InlineData("03 00C7 0001", true, true)] // 199
    [InlineData("03 00C8 0001", false, false)] // 200
    [InlineData("03 0063 0001", false, false)] // 99
    [InlineData("03 0063 0002", true, false)] // 99-100
    [InlineData("03 00C7 0002", true, false)] // 199-200
    [InlineData("04 0000 007D", true, false)] // 0-124
    [InlineData("01 0000 07D0", true, false)] // 0-1999, all around
    [InlineData("02 0064 0001", true, true)]
    [InlineData("05 0064 FF00", true, true)]
    [InlineData("05 0063 FF00", false, false)]
    [InlineData("06 00C7 1234", true, true)]
    [InlineData("06 00C8 1234", false, false)]
    [InlineData("0F 0060 0005 01 1F", true, false)] // 96-100
    [InlineData("0F 0064 0005 01 1F", true, true)]
    [InlineData("10 0062 0002 04 0000 0000", false, false)] // 98-99
    [InlineData("10 0063 0002 04 0000 0000", true, false)] // 99-100
    [InlineData("10 0064 0002 04 0000 0000", true, true)]
    [InlineData("16 0064 00F2 0025", true, true)]
    [InlineData("16 00C8 00F2 0025", false, false)]
    // 23 has two ranges: one suffices to deny, both must be allowed.
    [InlineData("17 0000 0001 0000 0001 02 00FF", false, false)]
    [InlineData("17 0064 0001 0000 0001 02 00FF", true, false)]
    [InlineData("17 0000 0001 0064 0001 02 00FF", true, false)]
    [InlineData("17 0064 0001 0065 0001 02 00FF", true, true)]
    // A FIFO: its count, and up to 31 registers behind it.
    [InlineData("18 0064", true, true)]
    [InlineData("18 0045", true, false)] // 69-100
    [InlineData("18 0044", false, false)] // 68-99
    [InlineData("18 00A8", true, true)] // 168-199
    [InlineData("18 00A9", true, false)]
    // No addresses: neither within nor across.
    [InlineData("07", false, false)]
    [InlineData("0B", false, false)]
    [InlineData("0C", false, false)]
    [InlineData("11", false, false)]
    [InlineData("2B 0E 01 00", false, false)]
    // Addresses that nobody can tell: all of them.
    [InlineData("08 0002 0000", true, false)]
    [InlineData("08 0000 0001", true, false)]
    [InlineData("14 07 06 0004 0001 0002", true, false)]
    [InlineData("15 09 06 0004 0007 0001 06AF", true, false)]
    [InlineData("41 0000 0001", true, false)]
    [InlineData("83 0000 0001", true, false)]
    [InlineData("03 0000 0000", true, false)] // to some devices a whole table
    [InlineData("10 0000 0000 00", true, false)]
    [InlineData("03 FFFF 0002", true, false)] // begins anew at 0 in some
    [InlineData("03 FF00 FFFF", true, false)]
    [InlineData("18 FFF0", true, false)]
    // What is not whole.
    [InlineData("03", true, false)]
    [InlineData("03 0000", true, false)]
    [InlineData("03 0000 00", true, false)]
    [InlineData("03 0000 0001 00", true, false)]
    [InlineData("06 0000", true, false)]
    [InlineData("10", true, false)]
    [InlineData("10 0000 0001", true, false)]
    [InlineData("10 0000 0001 02 00", true, false)]
    [InlineData("10 0000 0001 04 0000 0000", true, false)] // its counts do not agree
    [InlineData("0F 0000 0001 02 0000", true, false)]
    [InlineData("17 0000 0001 0000 0001 04 0000 0000", true, false)]
    [InlineData("17 0000 0001 0000 0001", true, false)]
    [InlineData("2B", true, false)]
    [InlineData("2B 0D 0000", true, false)] // CANopen, which may write
    public void ARangeIsDeniedWhenItOverlapsAndAllowedWhenItLiesWithin(string pdu, bool denied, bool allowed)
    {
        Assert.Equal(denied ? Outcome.DeniedAddress : null, AccessBench.Modbus(Deny100To199, pdu));
        Assert.Equal(allowed ? null : Outcome.Denied, AccessBench.Modbus(Allow100To199, pdu));
    }

    [Fact]
    public void TheLastAddressIsLikeAnyOther()
    {
        Assert.Equal(Outcome.DeniedAddress, AccessBench.Modbus("""[ { "Registers": "65535", "Allow": false } ]""", "06 FFFF 0000"));
        Assert.Null(AccessBench.Modbus("""[ { "Registers": "0-65535", "Allow": true }, { "Allow": false } ]""", "03 FFFF 0001"));
        Assert.Null(AccessBench.Modbus("""[ { "Registers": "100-149,150-199", "Allow": true }, { "Allow": false } ]""", "03 0064 0064"));
    }

    /// <summary>On a serial line a device that counts bytes would take the rest for a request of its own.</summary>
    [Theory]
    [InlineData("03 0000 0001 840A 0106 0064 0001")]
    [InlineData("0B 0000 0106 0064 0001")]
    [InlineData("08 0000 1234 E57E 0106 0064 0001")]
    public void NothingIsSmuggledBehindARequestThatIsAllowed(string pdu)
    {
        Assert.Equal(Outcome.Denied, AccessBench.Modbus(DenyWrites, pdu));
        Assert.Equal(Outcome.Denied, AccessBench.Modbus("""[ { "Units": "9", "Functions": [ "6" ], "Allow": false } ]""", pdu));
        Assert.Equal(Outcome.Denied, AccessBench.Modbus("""[ { "Functions": [ "Read" ], "Allow": true }, { "Allow": false } ]""", pdu));
        Assert.Null(AccessBench.Modbus("""[ { "Listeners": [ "Other" ], "Functions": [ "6" ], "Allow": false } ]""", pdu));
    }

    [Theory]
    [InlineData(1, true, true)]
    [InlineData(9, true, true)]
    [InlineData(12, true, true)]
    [InlineData(10, false, false)]
    [InlineData(255, false, false)]
    [InlineData(0, true, false)] // a broadcast reaches all of them, and more
    public void AUnitIsTheOneThatTheClientNames(byte unit, bool denied, bool allowed)
    {
        Assert.Equal(denied ? Outcome.Denied : null, AccessBench.Modbus("""[ { "Units": "1-9,12", "Allow": false } ]""", "06 0000 0001", unit));
        Assert.Equal(allowed ? null : Outcome.Denied, AccessBench.Modbus("""[ { "Units": "1-9,12", "Allow": true }, { "Allow": false } ]""", "06 0000 0001", unit));
    }

    [Fact]
    public void AUnitThatTheLinkTurnsIntoTheBroadcastReachesAll()
    {
        var units = new Dictionary<string, int>(StringComparer.Ordinal) { ["200"] = 0, ["0"] = 5 };

        Assert.Equal(Outcome.Denied, AccessBench.Modbus("""[ { "Units": "1", "Allow": false } ]""", "06 0000 0001", unit: 200, units: units));
        Assert.Null(AccessBench.Modbus("""[ { "Units": "1", "Allow": false } ]""", "06 0000 0001", unit: 0, units: units));
        Assert.Null(AccessBench.Modbus("""[ { "Units": "0", "Allow": true }, { "Allow": false } ]""", "06 0000 0001", unit: 0));
    }

    [Theory]
    [InlineData("ModbusTcp")]
    [InlineData("ModbusRtu")]
    [InlineData("ModbusAscii")]
    public void EveryFramingIsReadAlike(string protocol)
    {
        const string rules = """[ { "Units": "3", "Functions": [ "16" ], "Registers": "100-199", "Allow": false } ]""";

        Assert.Equal(Outcome.DeniedAddress, AccessBench.Modbus(rules, "10 0063 0002 04 0000 0000", unit: 3, protocol));
        Assert.Null(AccessBench.Modbus(rules, "10 0062 0002 04 0000 0000", unit: 3, protocol));
        Assert.Null(AccessBench.Modbus(rules, "06 0064 0000", unit: 3, protocol));
        Assert.Null(AccessBench.Modbus(rules, "10 0063 0002 04 0000 0000", unit: 4, protocol));
    }

    [Theory]
    [InlineData("Raw")]
    [InlineData("Line")]
    public void WhatIsNoModbusIsDeniedByARuleForModbusAndNotAllowedByIt(string protocol)
    {
        Assert.Equal(Outcome.Denied, AccessBench.Line(DenyWrites, "anything\n", protocol));
        Assert.Equal(Outcome.DeniedAddress, AccessBench.Line(Deny100To199, "anything\n", protocol));
        Assert.Equal(Outcome.Denied, AccessBench.Line(Allow100To199, "anything\n", protocol));
    }

    /// <summary>A request of the function that is whole, as the specification has it, or anything where that says nothing.</summary>
    private static string WholeOf(byte function) =>
        Array.Find(ModbusFrames.Examples, example => Convert.FromHexString(example.Request[..2])[0] == function).Request ?? $"{function:X2} 00";
}
