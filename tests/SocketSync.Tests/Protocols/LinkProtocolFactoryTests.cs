namespace SocketSync.Tests;

public class LinkProtocolFactoryTests
{
    private static readonly Dictionary<int, int> NoUnits = [];

    [Theory]
    [InlineData("Raw", nameof(RawLinkProtocol)), InlineData("Line", nameof(FramedLinkProtocol))]
    [InlineData("LengthPrefixed", nameof(FramedLinkProtocol)), InlineData("FixedLength", nameof(FramedLinkProtocol))]
    [InlineData("Scpi", nameof(ScpiLinkProtocol)), InlineData("ModbusTcp", nameof(ModbusTcpLinkProtocol))]
    [InlineData("ModbusRtu", nameof(ModbusRtuLinkProtocol)), InlineData("modbustcp", nameof(ModbusTcpLinkProtocol))]
    public void EveryProtocolHasItsOtherSide(string name, string expected)
    {
        Assert.Equal(expected, LinkProtocolFactory.Create(Options(name), null, 100, NoUnits).GetType().Name);
        Assert.Equal(expected, LinkProtocolFactory.Create(Options(name), Options(name) with { MaxRequestBytes = 50 }, 100, NoUnits).GetType().Name);
    }

    [Fact]
    public void OfDifferentProtocolsOnlyModbusTcpIsTranslatedToRtu()
    {
        foreach (var clients in ProtocolFactory.Names)
        {
            foreach (var device in ProtocolFactory.Names)
            {
                var possible = clients == device || (clients, device) is ("ModbusTcp", "ModbusRtu");
                Assert.Equal(possible, LinkProtocolFactory.IsPossible(clients, device));
                Assert.Equal(possible, LinkProtocolFactory.IsPossible(Options(clients), Options(device)));
                var created = Record.Exception(() => LinkProtocolFactory.Create(Options(clients), Options(device), 100, NoUnits));
                if (possible) Assert.Null(created);
                else Assert.Contains($"speak {clients} cannot be relayed to a device that speaks {device}", Assert.IsType<ArgumentException>(created).Message, StringComparison.Ordinal);
            }
        }

        Assert.IsType<ModbusTcpToRtuLinkProtocol>(LinkProtocolFactory.Create(Options("MODBUSTCP"), Options("modbusrtu"), 100, NoUnits));
        Assert.False(LinkProtocolFactory.IsPossible("Lines", "Lines"));
    }

    [Fact]
    public void OtherSettingsOfTheSameProtocolAreNotTranslated()
    {
        var line = new ProtocolOptions { Name = "Line" };
        Assert.True(LinkProtocolFactory.IsPossible(line, line with { Name = "line", Delimiter = "\\x0a", MaxRequestBytes = 7 }));
        Assert.False(LinkProtocolFactory.IsPossible(line, line with { Delimiter = "\\r\\n" }));
        var prefixed = new ProtocolOptions { Name = "LengthPrefixed" };
        Assert.True(LinkProtocolFactory.IsPossible(prefixed, prefixed with { LengthBytes = 2, LittleEndian = false, LengthIncludesHeader = false }));
        Assert.False(LinkProtocolFactory.IsPossible(prefixed, prefixed with { LengthBytes = 4 }));
        Assert.False(LinkProtocolFactory.IsPossible(Options("FixedLength"), Options("FixedLength") with { Length = 5 }));
        Assert.Throws<ArgumentException>(() => LinkProtocolFactory.Create(line, line with { Delimiter = ";" }, 100, NoUnits));
    }

    [Fact]
    public void OptionsThatWereNotValidatedAreRefusedAtOnce()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => LinkProtocolFactory.Create(Options("Raw"), null, 0, NoUnits));
        Assert.Throws<ArgumentOutOfRangeException>(() => LinkProtocolFactory.Create(Options("FixedLength"), null, 3, NoUnits));
        Assert.Throws<ArgumentOutOfRangeException>(() => LinkProtocolFactory.Create(Options("ModbusTcp"), null, 100, new Dictionary<int, int> { [1] = 256 }));
        Assert.Throws<ArgumentException>(() => LinkProtocolFactory.Create(Options("Lines"), null, 100, NoUnits));
    }

    private static ProtocolOptions Options(string name) => new() { Name = name, Length = name == "FixedLength" ? 4 : null };
}
