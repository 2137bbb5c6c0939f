namespace SocketSync.Tests;

/// <summary>What a console may be told to do, where, and what of it changes at run time.</summary>
public class ConsoleConfigurationTests
{
    private const string Tunnel = "Resources:Default:Processor=Tunnel; Resources:Default:Link:Tcp:Host=localhost; Resources:Default:Link:Tcp:Port=502; ";

    [Fact]
    public void NoticeIsOffUnlessItIsSaid()
    {
        Assert.False(Valid(Tunnel).Resources["Default"].Notice);
        Assert.True(Valid(Tunnel + "Resources:Default:Notice=true").Resources["Default"].Notice);
        Assert.False(Valid("Resources:Default:Notice=false").Resources["Default"].Notice);
    }

    [Theory]
    [InlineData("Resources:Default:Notice=true", "Resources:Default:Notice", "True", "is for the processor Tunnel, not for Echo; leave it out")]
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
