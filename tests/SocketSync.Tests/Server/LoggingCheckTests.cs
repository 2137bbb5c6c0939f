using Microsoft.Extensions.Configuration;

namespace SocketSync.Tests;

/// <summary>What <c>check</c> says of section Serilog.</summary>
public sealed class LoggingCheckTests
{
    [Theory]
    [InlineData("Serilog:MinimumLevel:Default=Loud", "Loud")]
    [InlineData("Serilog:MinimumLevel:Override:Microsoft=Quiet", "Quiet")]
    [InlineData("Serilog:MinimumLevel=Silent", "Silent")]
    [InlineData("Serilog:AuditTo:0:Name=Console", "use WriteTo")]
    public void ALevelThatDoesNotExistIsAProblem(string keys, string told)
    {
        var problem = Assert.Single(Assert.Throws<SocketSyncStartupException>(() => ServerLogging.Check(Of(keys))).Problems);
        Assert.StartsWith("Serilog: ", problem, StringComparison.Ordinal);
        Assert.Contains(told, problem, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem);
    }

    [Fact]
    public void NoSinkIsOpened()
    {
        var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        ServerLogging.Check(Of($"Serilog:MinimumLevel:Default=Debug Serilog:WriteTo:0:Name=File Serilog:WriteTo:0:Args:path={file}"));
        Assert.False(File.Exists(file));
    }

    private static IConfigurationRoot Of(string keys) =>
        new ConfigurationBuilder().AddInMemoryCollection(ConfigurationText.HostKeys(keys)).Build();
}
