namespace SocketSync.Tests;

public class ProtocolFactoryTests
{
    [Fact]
    public void EveryNameMakesItsProtocolWhateverItsCase()
    {
        Assert.Equal(["Raw", "Line", "LengthPrefixed", "FixedLength", "Scpi", "ModbusTcp", "ModbusRtu"], ProtocolFactory.Names);
        foreach (var name in ProtocolFactory.Names)
        {
            var expected = name == "Scpi" ? nameof(LineProtocol) : name + "Protocol";
            Assert.Equal(expected, Create(name).GetType().Name);
            Assert.Equal(expected, Create(name.ToUpperInvariant()).GetType().Name);
        }

        static IProtocol Create(string name) => ProtocolFactory.Create(new() { Name = name, Length = 8 });
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
    public void OptionsThatWereNotValidatedAreRefusedAtOnce()
    {
        Assert.Throws<ArgumentException>(() => ProtocolFactory.Create(new() { Name = "Lines" }));
        Assert.Throws<ArgumentException>(() => ProtocolFactory.Create(new() { Name = "Line", Delimiter = "\\q" }));
        Assert.Throws<ArgumentException>(() => ProtocolFactory.Create(new() { Name = "FixedLength" }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProtocolFactory.Create(new() { MaxRequestBytes = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ProtocolFactory.Create(new() { Name = "FixedLength", Length = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => ProtocolFactory.Create(new() { Name = "FixedLength", Length = 11, MaxRequestBytes = 10 }));
    }

    private static string Frame(ProtocolOptions options, string text) =>
        new EventFeed(options).Whole(System.Text.Encoding.Latin1.GetBytes(text)).ToString();
}
