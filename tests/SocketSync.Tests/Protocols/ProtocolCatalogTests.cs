namespace SocketSync.Tests;

public class ProtocolCatalogTests
{
    private static readonly Dictionary<int, int> NoUnits = [];

    public static TheoryData<string> Names => [.. ProtocolCatalog.Names];

    [Fact]
    public void EveryNameMakesItsProtocolWhateverItsCase()
    {
        Assert.Equal(["Raw", "Line", "LengthPrefixed", "FixedLength", "Scpi", "ModbusTcp", "ModbusRtu", "ModbusAscii"], ProtocolCatalog.Names);
        foreach (var definition in ProtocolCatalog.All)
        {
            var name = definition.Name;
            Assert.Same(definition, ProtocolCatalog.Find(name.ToUpperInvariant()));
            Assert.Equal(ProtocolCatalog.Create(Options(name)).GetType(), ProtocolCatalog.Create(Options(name.ToLowerInvariant(), 8)).GetType());
            Assert.Equal(
                ProtocolCatalog.CreateLink(Options(name), null, 100, NoUnits).GetType(),
                ProtocolCatalog.CreateLink(Options(name.ToUpperInvariant(), 8), Options(name, 8) with { MaxRequestBytes = 50 }, 100, NoUnits).GetType());
        }

        Assert.Null(ProtocolCatalog.Find("Lines"));
    }

    [Fact]
    public void EverySettingBelongsToALanguage()
    {
        string[] common = [nameof(ProtocolOptions.Name), nameof(ProtocolOptions.MaxRequestBytes)];
        var settings = typeof(ProtocolOptions).GetProperties().Select(p => p.Name).Except(common, StringComparer.Ordinal).Order(StringComparer.Ordinal);
        Assert.Equal(settings, ProtocolCatalog.All.SelectMany(d => d.Settings).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(Names))]
    public void TheEnvelopeMakesARequest(string name)
    {
        var definition = ProtocolCatalog.Find(name)!;
        if (definition.Modbus is not null) return;
        var (before, behind) = definition.Envelope(20);
        byte[] request = [.. before, .. new byte[20], .. behind];
        var found = definition.Create(Options(name, request.Length)).FindRequest(Segments.Of(request), 0);
        Assert.Equal(FrameResult.Complete(request.Length), found);
        Assert.True(ProtocolCatalog.CreateLink(Options(name, request.Length), null, 1000, NoUnits).ExpectsReply(Segments.Of(request)));
    }

    [Theory, MemberData(nameof(Names))]
    public void ALimitBelowTheSmallestRequestIsToldAndRefused(string name)
    {
        var definition = ProtocolCatalog.Find(name)!;
        var least = Enumerable.Range(1, 20).First(max => Record.Exception(() => definition.Create(Options(name, 4) with { MaxRequestBytes = max })) is null);
        Assert.Empty(definition.Check(Options(name, 4) with { MaxRequestBytes = least }));
        if (least == 1) return;
        var problem = Assert.Single(definition.Check(Options(name, 4) with { MaxRequestBytes = least - 1 }));
        Assert.Equal(name == "FixedLength" ? nameof(ProtocolOptions.Length) : nameof(ProtocolOptions.MaxRequestBytes), problem.Setting);
    }

    [Theory, MemberData(nameof(Names))]
    public void ALimitOfTheSmallestReplyIsEnough(string name)
    {
        var least = ProtocolCatalog.Find(name)!.SmallestReply(Options(name));
        Assert.Null(Record.Exception(() => ProtocolCatalog.CreateLink(Options(name), null, least, NoUnits)));
        if (least > 1) Assert.NotNull(Record.Exception(() => ProtocolCatalog.CreateLink(Options(name), null, least - 1, NoUnits)));
    }

    [Fact]
    public void OfDifferentProtocolsTheFramingsOfModbusAreTranslated()
    {
        foreach (var clients in ProtocolCatalog.Names)
        {
            foreach (var device in ProtocolCatalog.Names)
            {
                var possible = clients == device
                    || (clients.StartsWith("Modbus", StringComparison.Ordinal) && device.StartsWith("Modbus", StringComparison.Ordinal));
                Assert.Equal(possible, ProtocolCatalog.CanBeRelayed(Options(clients), Options(device)));
                var created = Record.Exception(() => ProtocolCatalog.CreateLink(Options(clients), Options(device), 100, NoUnits));
                if (possible) Assert.Null(created);
                else Assert.Contains($"speak {clients} cannot be relayed to a device that speaks {device}", Assert.IsType<ArgumentException>(created).Message, StringComparison.Ordinal);
            }
        }

        Assert.False(ProtocolCatalog.CanBeRelayed(Options("Lines"), Options("Lines")));
        Assert.Equal("only ModbusTcp, ModbusRtu and ModbusAscii are translated into one another", ProtocolCatalog.WhatIsTranslated);
    }

    [Fact]
    public void WhatFollowsFromALanguage()
    {
        Assert.Equal("ModbusTcp ModbusRtu ModbusAscii", Where(d => d.HasUnits));
        Assert.Equal("ModbusTcp ModbusRtu ModbusAscii", Where(d => d.EndOfStreamMeansLeaving));
        Assert.Equal("ModbusTcp", Where(d => !d.IsSpokenOnSerialLines));
        Assert.Equal("ModbusRtu", Where(d => d.FramesEndBySilence));

        static string Where(Func<ProtocolDefinition, bool> holds) => string.Join(' ', ProtocolCatalog.All.Where(holds).Select(d => d.Name));
    }

    [Fact]
    public void WhatIsNotGivenIsAsDocumented()
    {
        Assert.Equal("2 1 Incomplete", Frame(new() { Name = "Line" }, "a\n\nb"));
        Assert.Equal("3 2 Incomplete", Frame(new() { Name = "LengthPrefixed" }, "\0\x01x\0\0\x01"));
        Assert.Equal("65536 Incomplete", Frame(new(), new string('x', 65536)));
        Assert.Equal("TooLarge", Frame(new() { Name = "Line" }, new string('x', 65536)));
    }

    [Fact]
    public void OtherSettingsOfTheSameProtocolAreNotTranslated()
    {
        var line = new ProtocolOptions { Name = "Line" };
        Assert.True(ProtocolCatalog.CanBeRelayed(line, line with { Name = "line", Delimiter = "\\x0a", MaxRequestBytes = 7 }));
        Assert.False(ProtocolCatalog.CanBeRelayed(line, line with { Delimiter = "\\r\\n" }));
        var prefixed = new ProtocolOptions { Name = "LengthPrefixed" };
        Assert.True(ProtocolCatalog.CanBeRelayed(prefixed, prefixed with { LengthBytes = 2, LittleEndian = false, LengthIncludesHeader = false }));
        Assert.False(ProtocolCatalog.CanBeRelayed(prefixed, prefixed with { LengthBytes = 4 }));
        Assert.False(ProtocolCatalog.CanBeRelayed(Options("FixedLength"), Options("FixedLength") with { Length = 5 }));
        Assert.Throws<ArgumentException>(() => ProtocolCatalog.CreateLink(line, line with { Delimiter = ";" }, 100, NoUnits));
    }

    [Fact]
    public void OptionsThatWereNotValidatedAreRefusedAtOnce()
    {
        Assert.Throws<ArgumentException>(() => ProtocolCatalog.Create(new() { Name = "Lines" }));
        Assert.Throws<ArgumentException>(() => ProtocolCatalog.Create(new() { Name = "Line", Delimiter = "\\q" }));
        Assert.Throws<ArgumentException>(() => ProtocolCatalog.Create(new() { Name = "FixedLength" }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProtocolCatalog.Create(new() { MaxRequestBytes = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProtocolCatalog.Create(new() { Name = "FixedLength", Length = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => ProtocolCatalog.Create(new() { Name = "FixedLength", Length = 11, MaxRequestBytes = 10 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProtocolCatalog.CreateLink(Options("Raw"), null, 0, NoUnits));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProtocolCatalog.CreateLink(Options("FixedLength"), null, 3, NoUnits));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProtocolCatalog.CreateLink(Options("ModbusTcp"), null, 100, new Dictionary<int, int> { [1] = 256 }));
        Assert.Throws<ArgumentException>(() => ProtocolCatalog.CreateLink(Options("Lines"), null, 100, NoUnits));
    }

    private static string Frame(ProtocolOptions options, string text) =>
        new Feed(options).Whole(System.Text.Encoding.Latin1.GetBytes(text)).ToString();

    private static ProtocolOptions Options(string name, int length = 4) =>
        new() { Name = name, Length = name.Equals("FixedLength", StringComparison.OrdinalIgnoreCase) ? length : null };
}
