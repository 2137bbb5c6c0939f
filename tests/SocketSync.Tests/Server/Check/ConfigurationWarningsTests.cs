namespace SocketSync.Tests;

/// <summary>What <c>check</c> warns of, although it is allowed.</summary>
public sealed class ConfigurationWarningsTests
{
    private const string Relay = "Listeners:R:Port=0; Resources:R:Processor=Relay; Resources:R:Protocol:Name=ModbusTcp; Resources:R:Link:Tcp:Host=plc; Resources:R:Link:Tcp:Port=502";

    [Theory]
    [InlineData("Listeners:R:Port=0; Resources:R:Processor=Echo", null)]
    [InlineData("Listeners:R:Port=0; Resources:R:Processor=Echo; Resources:Spare:Processor=Echo", "warning: resource Spare: no listener reaches it; name it as the Resource of a listener or in its Routes")]
    [InlineData("Listeners:A:Port=0; Listeners:A:Resource=r; Resources:R:Processor=Echo", null)]
    [InlineData("Listeners:A:Port=0; Listeners:A:Routes:0:Units=1; Listeners:A:Routes:0:Resource=r; Resources:R:Protocol:Name=ModbusTcp", null)]
    public void AResourceThatNobodyReaches(string keys, string? warning) => AssertWarned(keys, warning);

    [Theory]
    [InlineData("00:00:03", null)]
    [InlineData("00:00:02.999", "warning: resource R: Gate:TurnTimeout, 00:00:02.9990000, is below Link:ReplyTimeout, 00:00:03: a turn ends before the device has had its time to answer")]
    public void ATurnShorterThanAReply(string turn, string? warning) => AssertWarned($"{Relay}; Resources:R:Gate:TurnTimeout={turn}", warning);

    /// <summary>A tunnel's turn is not bounded by it.</summary>
    [Fact]
    public void TheTurnOfATunnelIsBoundedOtherwise() => AssertWarned(
        "Listeners:R:Port=0; Resources:R:Processor=Tunnel; Resources:R:Link:Tcp:Host=plc; Resources:R:Link:Tcp:Port=502; Resources:R:Gate:TurnTimeout=00:00:01", null);

    [Theory]
    [InlineData("Resources:R:Link:Units:1=2; Resources:R:Link:Units:2=1", null)]
    [InlineData("Resources:R:Link:Units:10=5; Resources:R:Link:Units:9=5; Resources:R:Link:Units:3=4", "warning: resource R: Link:Units sends 9 and 10 to one unit, 5")]
    [InlineData("Resources:R:Link:Units:1=5; Resources:R:Link:Units:2=5; Resources:R:Link:Units:3=5", "warning: resource R: Link:Units sends 1, 2 and 3 to one unit, 5")]
    public void TwoNumbersOfOneUnit(string units, string? warning) => AssertWarned($"{Relay}; {units}", warning);

    private static void AssertWarned(string keys, string? warning)
    {
        var (options, problems) = ConfigurationReader.Read(ConfigurationText.Keys(keys), ServerConfiguration.Processors);
        Assert.Empty(problems);
        Assert.Equal(warning is null ? [] : [warning], ConfigurationWarnings.Of(options), StringComparer.Ordinal);
    }
}
