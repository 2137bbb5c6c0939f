using Microsoft.Extensions.Configuration;

namespace SocketSync.Tests;

public sealed class ServerConfigurationTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("socketsync-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void TheCommandLineIsAboveTheEnvironmentAndThatAboveTheFile()
    {
        // A variable of this process, so under a name that no other test looks at.
        Environment.SetEnvironmentVariable("ConfigurationOrder__B", "environment");
        Environment.SetEnvironmentVariable("ConfigurationOrder__C", "environment");
        var file = Write(".hidden.json", """
            {
              // A comment, and a comma too many, do no harm.
              "ConfigurationOrder": { "A": "file", "B": "file", "C": "file", },
            }
            """);

        using var configuration = ServerConfiguration.Load(Arguments(file, ("ConfigurationOrder:C", "keys")));

        Assert.Equal(
            ("file", "environment", "keys"),
            (configuration["ConfigurationOrder:A"], configuration["ConfigurationOrder:B"], configuration["ConfigurationOrder:C"]));
    }

    [Fact]
    public void WithoutAFileTheShippedOneIsRead()
    {
        using var configuration = ServerConfiguration.Load(Arguments(null));
        Assert.Equal("56780", configuration["SocketSync:Listeners:Default:Port"]);
    }

    [Fact]
    public void AFileThatCannotBeReadIsOneLine()
    {
        Assert.Equal("/nowhere/a.json: there is no such file; --config must name a JSON file", Problem("/nowhere/a.json"));
        Assert.Equal($"{_directory.FullName}: is a directory; --config must name a JSON file", Problem(_directory.FullName));

        var broken = Write("broken.json", "{\n  \"SocketSync\": {\n    \"IoThreads\" 1\n  }\n}");
        Assert.StartsWith($"{broken}:3: '1' is invalid after a property name.", Problem(broken), StringComparison.Ordinal);

        var twice = Write("twice.json", """{ "A": 1, "a": 2 }""");
        Assert.Equal($"{twice}: A duplicate key 'a' was found.", Problem(twice));

        Assert.StartsWith(Write("empty.json", ""), Problem(Path.Combine(_directory.FullName, "empty.json")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "http://127.0.0.1:8080/health/ready")]
    [InlineData("SocketSync:DefaultAddress=*", "http://127.0.0.1:8080/health/ready")]
    [InlineData("SocketSync:DefaultAddress=::1", "http://[::1]:8080/health/ready")]
    [InlineData("SocketSync:DefaultAddress=192.0.2.1", "http://192.0.2.1:8080/health/ready")]
    [InlineData("http_ports=8081;8082", "http://127.0.0.1:8081/health/ready")]
    [InlineData("https_ports=8443", "https://127.0.0.1:8443/health/ready")]
    [InlineData("urls=https://*:8443;http://*:81", "http://127.0.0.1:81/health/ready")]
    [InlineData("urls=http://[::]:1", "http://127.0.0.1:1/health/ready")]
    [InlineData("urls=http://*:0", null)]
    [InlineData("urls=http://unix:/run/s", null)]
    [InlineData("Kestrel:Endpoints:A:Url=http://localhost:7 urls=http://*:1", "http://127.0.0.1:7/health/ready")]
    public void ReadinessIsAskedForWhereHttpIs(string keys, string? url) =>
        Assert.Equal(url, HttpReadiness.UrlOf(ConfigurationText.Host(keys).Http)?.ToString());

    [Fact]
    public void CheckTellsWhatWouldRun()
    {
        var configuration = ConfigurationText.Keys(
            "Listeners:A:Resource=R; Listeners:A:Port=0; Listeners:B:Resource=R; Listeners:B:UnixSocket=/run/b; Listeners:B:Priority=Low; Resources:R:Gate:Hold=Connection; Resources:R:Protocol:Name=Line");
        Assert.Equal(
            [
                "listener A: address localhost, port any free one, resource R, protocol Line, priority Normal, no TLS",
                "listener B: unix socket /run/b, resource R, protocol Line, priority Low, no TLS",
                "resource R: processor Echo, protocol Line up to 65536 bytes, gate held until the client leaves, at most 00:05:00, queue 256, wait 00:00:30, turn 00:00:10",
                "http endpoint http://localhost:8080",
            ],
            CheckCommand.Describe(HostConfiguration.Read(configuration, ServerConfiguration.Processors)), StringComparer.Ordinal);
    }

    [Fact]
    public void CheckTellsOfTheCacheAndTheLine()
    {
        var configuration = ConfigurationText.Keys(
            "Listeners:R:Port=0; Resources:R:Processor=Relay; Resources:R:Protocol:Name=ModbusTcp; Resources:R:Cache:MaxAge=00:00:01; Resources:R:Cache:StaleFor=00:01:00; Resources:R:Link:Serial:Device=/dev/x; Resources:R:Link:Protocol:Name=ModbusRtu; Resources:R:Link:ReadRetries=2; Resources:R:Link:LocalEcho=true; Resources:R:Link:Rs485:RtsOnSend=true");
        Assert.EndsWith(
            "link serial /dev/x (ModbusRtu), reply 00:00:03, reads asked again 2 times, echo taken away, direction switched by the driver, "
            + "reads answered by replies up to 00:00:01 old, 00:01:00 more while the device is away",
            CheckCommand.Describe(HostConfiguration.Read(configuration, ServerConfiguration.Processors)).Single(line => line.StartsWith("resource R", StringComparison.Ordinal)),
            StringComparison.Ordinal);
    }

    private static string Problem(string file) =>
        Assert.Single(Assert.Throws<SocketSyncStartupException>(() => ServerConfiguration.Load(Arguments(file))).Problems);

    private static ServerArguments Arguments(string? file, params (string Key, string Value)[] keys) =>
        new(file, keys.ToDictionary(k => k.Key, k => (string?)k.Value, StringComparer.Ordinal));

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }
}
