namespace SocketSync.Tests;

/// <summary>Where a cache may be configured, and what of it changes at run time.</summary>
public class CacheConfigurationTests
{
    private const string Modbus = "Resources:Default:Processor=Relay; Resources:Default:Protocol:Name=ModbusTcp; Resources:Default:Link:Tcp:Host=localhost; Resources:Default:Link:Tcp:Port=502; ";
    private const string Lines = "Resources:Default:Processor=Relay; Resources:Default:Protocol:Name=Line; Resources:Default:Link:Tcp:Host=localhost; Resources:Default:Link:Tcp:Port=502; ";
    private const string Tunnel = "Resources:Default:Processor=Tunnel; Resources:Default:Link:Tcp:Host=localhost; Resources:Default:Link:Tcp:Port=502; ";

    [Fact]
    public void IsOffUnlessItIsSaid() => Assert.Equal(new CacheOptions(), Valid(Modbus).Resources["Default"].Cache);

    [Theory]
    [InlineData(Modbus + "Resources:Default:Cache:MaxAge=00:00:00.500; Resources:Default:Cache:StaleFor=00:01:00")]
    [InlineData(Modbus + "Resources:Default:Cache:MaxAge=00:00:00.500; Resources:Default:Link:Protocol:Name=ModbusRtu")]
    [InlineData("Resources:Default:Cache:MaxAge=0; Resources:Default:Cache:StaleFor=00:00:00")]
    [InlineData(Lines + "Resources:Default:Cache:MaxAge=0")]
    public void IsAccepted(string keys) => Valid(keys);

    [Theory]
    [InlineData(Modbus + "Resources:Default:Cache:StaleFor=00:01:00", "Cache:StaleFor", "00:01:00", "needs MaxAge, which is 00:00:00: nothing is kept")]
    [InlineData(Modbus + "Resources:Default:Cache:MaxAge=1", "Cache:MaxAge", "1", "a bare number would be days")]
    [InlineData(Modbus + "Resources:Default:Cache:MaxAge=-00:00:01", "Cache:MaxAge", "-00:00:01", "or 0 to turn it off")]
    [InlineData(Modbus + "Resources:Default:Cache:MaxAgee=00:00:01", "Cache:MaxAgee", null, "did you mean SocketSync:Resources:Default:Cache:MaxAge?")]
    [InlineData(Lines + "Resources:Default:Cache:MaxAge=00:00:01", "Cache", null, "is for the protocols ModbusTcp, ModbusRtu and ModbusAscii, not for Line")]
    [InlineData(Tunnel + "Resources:Default:Cache:MaxAge=00:00:01", "Cache", null, "is for the processor Relay, not for Tunnel; leave it out")]
    [InlineData("Resources:Default:Cache:StaleFor=00:00:01", "Cache", null, "is for the processor Relay, not for Echo; leave it out")]
    public void IsRefusedInOneLine(string keys, string key, string? value, string allowed)
    {
        var problem = Assert.Single(Read(keys).Problems);
        Assert.Equal("SocketSync:Resources:Default:" + key, problem.Key);
        Assert.Equal(value, problem.Value);
        Assert.Contains(allowed, problem.Allowed, StringComparison.Ordinal);
    }

    [Fact]
    public void ChangesAtRunTime()
    {
        var running = Valid(Modbus);
        var changes = ConfigurationChanges.Between(running, Valid(Modbus + "Resources:Default:Cache:MaxAge=00:00:01"));
        Assert.Empty(changes.NeedsRestart);
        Assert.Equal(["Default"], changes.Applied);
        Assert.Equal(TimeSpan.FromSeconds(1), changes.Options.Resources["Default"].Cache.MaxAge);
    }

    private static ConfigurationResult Read(string keys) => ConfigurationText.Read(ConfigurationText.Keys(keys), "Relay", "Tunnel");

    private static SocketSyncOptions Valid(string keys) => ConfigurationText.Valid(ConfigurationText.Keys(keys), "Relay", "Tunnel");
}
