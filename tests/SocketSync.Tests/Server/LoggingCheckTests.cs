using Microsoft.Extensions.Configuration;

namespace SocketSync.Tests;

/// <summary>What <c>check</c> says of section Serilog.</summary>
public sealed class LoggingCheckTests
{
    [Theory]
    [InlineData("Serilog:MinimumLevel:Default=Loud", "Loud")]
    [InlineData("Serilog:MinimumLevel:Override:Microsoft=Quiet", "Quiet")]
    [InlineData("Serilog:MinimumLevel=Silent", "Silent")]
    public void ALevelThatDoesNotExistIsAProblem(string keys, string told)
    {
        var problem = LoggingCheck.Problem(Of(keys))!;
        Assert.StartsWith("Serilog: ", problem, StringComparison.Ordinal);
        Assert.Contains(told, problem, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem);
    }

    [Fact]
    public void ASinkThatWouldHoldUpWhoeverLogsIsOneToo() =>
        Assert.Contains("AuditTo", LoggingCheck.Problem(Of("Serilog:AuditTo:0:Name=Console")), StringComparison.Ordinal);

    [Fact]
    public void NoSinkIsOpened()
    {
        var file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        Assert.Null(LoggingCheck.Problem(Of($"Serilog:MinimumLevel:Default=Debug Serilog:WriteTo:0:Name=File Serilog:WriteTo:0:Args:path={file}")));
        Assert.False(File.Exists(file));
    }

    private static IConfigurationRoot Of(string keys) =>
        new ConfigurationBuilder().AddInMemoryCollection(ConfigurationText.HostKeys(keys)).Build();
}
