namespace SocketSync.Tests;

/// <summary>What a console may be told to do, where, and what of it changes at run time.</summary>
public class ConsoleConfigurationTests
{
    private const string Tunnel = "Resources:Default:Processor=Tunnel; Resources:Default:Link:Tcp:Host=localhost; Resources:Default:Link:Tcp:Port=502; ";

    private const string Relay = "Resources:Default:Processor=Relay; Resources:Default:Link:Tcp:Host=localhost; Resources:Default:Link:Tcp:Port=502; ";
    private const string SerialRelay = "Resources:Default:Processor=Relay; Resources:Default:Link:Serial:Device=/dev/ttyS9; ";
    private const string Watch = "Listeners:Default:Port=1; Listeners:Watch:Port=2; Listeners:Watch:Resource=Default; Listeners:Watch:Role=Watcher; Listeners:Watch:";

    [Theory]
    [InlineData("Both=true")]
    [InlineData("SendTimeout=00:00:01")]
    public void AListenerMayWatchADevice(string keys) => Valid(Tunnel + Watch + keys);

    [Theory]
    [InlineData(SerialRelay + "Listeners:Default:Telnet=true")]
    [InlineData("Resources:Default:Processor=Tunnel; Resources:Default:Link:Serial:Device=/dev/ttyS9; Listeners:Default:Telnet=true")]
    [InlineData("Resources:Default:Processor=Relay; Resources:Default:Link:Rfc2217:Host=a; Resources:Default:Link:Rfc2217:Port=1; Resources:Default:Link:LocalEcho=true")]
    public void ALineMayBeSetByTelnet(string keys) => Valid(keys);

    [Theory]
    [InlineData("Resources:Default:Link:Rfc2217:Host=a", ":Rfc2217:Port", null, "must be given: the port on which it lets the line be set")]
    [InlineData("Resources:Default:Link:Rfc2217:Port=1", ":Rfc2217:Host", null, "must be given: the name or IP address of the server that has the line")]
    [InlineData("Resources:Default:Link:Rfc2217:Host=a; Resources:Default:Link:Rfc2217:Port=1; Resources:Default:Link:Rfc2217:DataBits=9", ":Rfc2217:DataBits", "9", "must be a whole number from 5 to 8")]
    [InlineData("Resources:Default:Link:Rfc2217:Host=a; Resources:Default:Link:Rfc2217:Port=1; Resources:Default:Link:Rs485:RtsOnSend=true", ":Rs485", null, "is for the driver of a serial line")]
    public void ALineOfAnotherServerIsRefusedInOneLine(string keys, string key, string? value, string allowed)
    {
        var problem = Assert.Single(Read("Resources:Default:Processor=Relay; " + keys).Problems);
        Assert.Equal("SocketSync:Resources:Default:Link" + key, problem.Key);
        Assert.Equal(value, problem.Value);
        Assert.Contains(allowed, problem.Allowed, StringComparison.Ordinal);
    }

    [Fact]
    public void NoticeIsOffUnlessItIsSaid()
    {
        Assert.False(Valid(Tunnel).Resources["Default"].Notice);
        Assert.True(Valid(Tunnel + "Resources:Default:Notice=true").Resources["Default"].Notice);
        Assert.False(Valid("Resources:Default:Notice=false").Resources["Default"].Notice);
    }

    [Theory]
    [InlineData("Resources:Default:Notice=true", "Resources:Default:Notice", "True", "is for the processor Tunnel, not for Echo; leave it out")]
    [InlineData(Tunnel + "Listeners:Default:Both=true", "Listeners:Default:Both", "True", "is for a listener with Role Watcher; leave it out")]
    [InlineData(Tunnel + "Listeners:Default:Role=Spy", "Listeners:Default:Role", "Spy", "must be one of Client, Watcher")]
    [InlineData(Relay + Watch + "Transport=Datagram", "Listeners:Watch:Role", "Watcher", "must be Client with Transport Datagram")]
    [InlineData(Tunnel + Watch + "Protocol:Name=Raw", "Listeners:Watch:Protocol", null, "a watcher gets the device's bytes as they are")]
    [InlineData(Watch + "Both=true", "Listeners:Watch:Role", "Watcher", "must be Client since resource Default has the processor Echo")]
    [InlineData(Tunnel + "Listeners:Default:Telnet=true", "Listeners:Default:Telnet", "True", "must be false since resource Default has no Link:Serial, the line that clients would set")]
    [InlineData(SerialRelay + "Resources:Default:Protocol:Name=Line; Listeners:Default:Telnet=true", "Listeners:Default:Telnet", "True", "must be false since resource Default is neither a Tunnel nor a Relay of Raw")]
    [InlineData("Listeners:Default:Telnet=true", "Listeners:Default:Telnet", "True", "must be false since resource Default is neither a Tunnel nor a Relay of Raw")]
    [InlineData(SerialRelay + "Listeners:Default:Telnet=true; Listeners:Default:Role=Watcher", "Listeners:Default:Telnet", "True", "must be false with Role Watcher")]
    [InlineData(SerialRelay + "Listeners:Default:Telnet=true; Listeners:Default:Transport=Datagram", "Listeners:Default:Telnet", "True", "must be false with Transport Datagram")]
    [InlineData(Tunnel + "Resources:Default:Notice=1", "Resources:Default:Notice", "1", "must be true or false")]
    public void IsRefusedInOneLine(string keys, string key, string? value, string allowed)
    {
        var problem = Assert.Single(Read(keys).Problems);
        Assert.Equal("SocketSync:" + key, problem.Key);
        Assert.Equal(value, problem.Value);
        Assert.Contains(allowed, problem.Allowed, StringComparison.Ordinal);
    }

    [Fact]
    public void NoticeChangesAtRunTime()
    {
        var changes = ConfigurationChanges.Between(Valid(Tunnel), Valid(Tunnel + "Resources:Default:Notice=true"));
        Assert.Empty(changes.NeedsRestart);
        Assert.Equal(["Default"], changes.Applied);
        Assert.True(changes.Options.Resources["Default"].Notice);
    }

    private static ConfigurationResult Read(string keys) => ConfigurationText.Read(ConfigurationText.Keys(keys), "Relay", "Tunnel");

    private static SocketSyncOptions Valid(string keys) => ConfigurationText.Valid(ConfigurationText.Keys(keys), "Relay", "Tunnel");
}
