using System.Text;
using Microsoft.Extensions.Configuration;

namespace SocketSync.Tests;

/// <summary>Which values <c>check</c> prints, and where it says that they come from.</summary>
public sealed class EffectiveValuesTests
{
    [Fact]
    public void EachValueHasTheSourceThatIsAboveTheOthers()
    {
        // With a prefix that no other test looks at.
        Environment.SetEnvironmentVariable("EFFECTIVE_VALUES_SocketSync__Listeners__A__Port", "2");
        Environment.SetEnvironmentVariable("EFFECTIVE_VALUES_SocketSync__IoThreads", "2");
        var configuration = new ConfigurationBuilder()
            .AddJsonStream(Json("""{ "SocketSync": { "IoThreads": 3, "DrainTimeout": "00:00:01", "Listeners": { "A": { "Port": 1, "Priority": "high" } }, "Resources": { "A": {} } } }"""))
            .AddEnvironmentVariables("EFFECTIVE_VALUES_")
            .AddInMemoryCollection([KeyValuePair.Create<string, string?>("SocketSync:IoThreads", "4"), KeyValuePair.Create<string, string?>("urls", "http://127.0.0.1:1")])
            .Build();

        Assert.Equal(
            [
                "SocketSync:DrainTimeout = 00:00:01 (file)",
                "SocketSync:IoThreads = 4 (command line)",
                "SocketSync:Listeners:A:Port = 2 (environment)",
                "SocketSync:Listeners:A:Priority = High (file)",
                "urls = http://127.0.0.1:1 (command line)",
            ],
            Values(configuration), StringComparer.Ordinal);
    }

    [Theory]
    [InlineData(""" "IoThreads": 1, "DrainTimeout": "00:00:08" """)]
    [InlineData(""" "Listeners": { "A": { "Port": 56780, "Resource": "a", "Address": "localhost" } }, "Resources": { "A": { "Gate": { "Hold": "request", "TurnTimeout": "00:00:10" } } } """)]
    [InlineData(""" "Resources": { "Default": { "Protocol": { "Name": "Raw", "MaxRequestBytes": 65536 }, "Required": true, "Access": [] } } """)]
    public void ADefaultThatIsWrittenOutIsNone(string section) => Assert.Empty(Values(Of(section)));

    /// <summary>The protocol of the resource would hold without it.</summary>
    [Fact]
    public void AListenersOwnProtocolIsNoDefault() => Assert.Equal(
        ["SocketSync:Listeners:A:Protocol:Name = Raw (file)", "SocketSync:Resources:A:Protocol:Name = Line (file)"],
        Values(Of(""" "Listeners": { "A": { "Protocol": { "Name": "Raw" } } }, "Resources": { "A": { "Protocol": { "Name": "Line" } } } """)), StringComparer.Ordinal);

    [Fact]
    public void ListsAndNamesAreGivenOneByOne() => Assert.Equal(
        [
            "SocketSync:Listeners:A:AllowedNetworks:0 = 127.0.0.0/8 (file)",
            "SocketSync:Listeners:A:AllowedNetworks:1 = ::1/128 (file)",
            "SocketSync:Resources:A:Access:0:Allow = False (file)",
            "SocketSync:Resources:A:Link:Tcp:Host = plc (file)",
            "SocketSync:Resources:A:Link:Tcp:Port = 502 (file)",
            "SocketSync:Resources:A:Link:Units:1 = 17 (file)",
            "SocketSync:Resources:A:Processor = Relay (file)",
            "SocketSync:Resources:A:Protocol:Name = ModbusTcp (file)",
        ],
        Values(Of("""
            "Listeners": { "A": { "AllowedNetworks": [ "127.0.0.0/8", "::1/128" ] } },
            "Resources": { "A": { "Processor": "Relay", "Protocol": { "Name": "ModbusTcp" }, "Access": [ { "Allow": false } ],
              "Link": { "Tcp": { "Host": "plc", "Port": 502 }, "Units": { "1": 17 } } } }
            """)), StringComparer.Ordinal);

    [Fact]
    public void ALineBreakInAValueIsEscaped() => Assert.Contains(
        @"SocketSync:Resources:Default:Protocol:Delimiter = \r\n (file)",
        Values(Of(""" "Resources": { "Default": { "Protocol": { "Name": "Line", "Delimiter": "\r\n" } } } """)), StringComparer.Ordinal);

    [Fact]
    public void NoSecretIsShown()
    {
        const string Secret = "s3cr3t-of-the-operator";
        var values = Values(Of(
            $$"""
            "Admin": { "Token": "{{Secret}}" }, "Cluster": { "Store": { "Redis": "h:1,password={{Secret}}" } },
            "Resources": { "Default": { "Processor": "Relay", "Link": { "Process": {
              "FileName": "x", "Arguments": [ "-v", "--password", "{{Secret}}", "--token={{Secret}}" ], "Environment": { "KEY": "{{Secret}}" } } } } }
            """,
            $$"""
            , "Serilog": { "WriteTo": [ { "Name": "Seq", "Args": { "serverUrl": "http://u:{{Secret}}@h", "apiKey": "{{Secret}}", "path": "/var/log/x" } } ], "Properties": { "AccessToken": "{{Secret}}" } },
            "Kestrel": { "Certificates": { "Default": { "Path": "/x.pfx", "Password": "{{Secret}}" } } }
            """));

        Assert.DoesNotContain(values, value => value.Contains(Secret, StringComparison.Ordinal));
        foreach (var hidden in (string[])["SocketSync:Admin:Token", "SocketSync:Cluster:Store:Redis", "Serilog:WriteTo:0:Args:apiKey", "Kestrel:Certificates:Default:Password"])
            Assert.Contains($"{hidden} = (not shown) (file)", values, StringComparer.Ordinal);
        foreach (var shown in (string[])["Serilog:WriteTo:0:Args:path = /var/log/x (file)", "Kestrel:Certificates:Default:Path = /x.pfx (file)", "SocketSync:Resources:Default:Link:Process:Arguments:0 = -v (file)"])
            Assert.Contains(shown, values, StringComparer.Ordinal);
    }

    /// <summary>Of the settings for the addresses of HTTP only one counts.</summary>
    [Fact]
    public void AnAddressOfHttpThatIsNotUsedIsNotEffective()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(ConfigurationText.HostKeys("http_ports=1 urls=http://127.0.0.1:2 AllowedHosts=plant")).Build();
        Assert.Equal(["urls = http://127.0.0.1:2 (command line)", "AllowedHosts = plant (command line)"], Values(configuration), StringComparer.Ordinal);
    }

    private static List<string> Values(IConfigurationRoot configuration)
    {
        var (options, _) = ConfigurationReader.Read(configuration, ServerConfiguration.Processors);
        var host = new HostConfiguration(options, HttpEndPoints.Of(configuration, options.DefaultAddress));
        return [.. EffectiveValues.Of(configuration, host).Select(value => value.ToString())];
    }

    private static IConfigurationRoot Of(string section, string more = "") =>
        new ConfigurationBuilder().AddJsonStream(Json($$"""{ "SocketSync": { {{section}} } {{more}} }""")).Build();

    private static MemoryStream Json(string text) => new(Encoding.UTF8.GetBytes(text));
}
