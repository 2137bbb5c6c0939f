using System.Formats.Asn1;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace SocketSync.EndToEndTests;

/// <summary>Who may ask for what: what is denied reaches no device, and is told, counted and logged.</summary>
public sealed class AccessTests
{
    private const string NoWritesTo100 = """{ "Functions": [ "Write" ], "Registers": "100-199", "Allow": false }""";
    private const string NoReset = """{ "Commands": [ "RESET*" ], "Allow": false }""";

    [Theory]
    [InlineData("ModbusTcp")]
    [InlineData("ModbusRtu")]
    [InlineData("ModbusAscii")]
    public async Task AForbiddenWriteNeverReachesTheDevice(string protocol)
    {
        await using var device = new ScriptedDevice(new ModbusTcpDialect());
        await using var other = new ScriptedDevice(new ModbusTcpDialect());
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Port": 0 }, "Other": { "Port": 0 } },
            "Resources": { "Default": { {{Relay(protocol, device, NoWritesTo100)}} }, "Other": { {{Relay(protocol, other, """{ "Functions": [ "Read" ], "Allow": false }""")}} } }
            """);
        using var client = await server.ConnectAsync();
        using var beside = await server.ConnectAsync("Other");

        // One register or coil, several, masked, together with a read, a FIFO's file, and functions that nobody knows.
        string[] writes =
        [
            "05 0064 FF00", "06 00C7 0001", "0F 0060 0005 01 1F", "10 0063 0002 04 0000 0000", "16 0064 00F2 0025",
            "17 0000 0001 00C7 0002 04 0001 0002", "15 09 06 0004 0007 0001 06AF", "10 FFFF 0002 04 0000 0000", "41 0064 0001",
        ];
        foreach (var pdu in writes.Select(Bytes)) await AskAsync(client, protocol, pdu, [(byte)(pdu[0] | 0x80), 2]);
        await AskAsync(client, protocol, [6, 0, 99, 0, 1], [6, 0, 99, 0, 1]);
        await AskAsync(client, protocol, [3, 0, 100, 0, 1], [3, 2, 0, 100]);
        await AskAsync(beside, protocol, [3, 0, 100, 0, 1], [0x83, 1]);
        await AskAsync(beside, protocol, [6, 0, 100, 0, 1], [6, 0, 100, 0, 1]);

        device.AssertServed("6 99", "3 100");
        other.AssertServed("6 100");
        await server.WaitForMetricAsync(writes.Length, "socketsync_requests_total", "listener=\"Default\"", "outcome=\"denied\"");
        await server.WaitForMetricAsync(1, "socketsync_requests_total", "listener=\"Other\"", "outcome=\"denied\"");
        await server.WaitForLogAsync("Resource Default: a request from 127.0.0.1 ended as denied");
    }

    /// <summary>Nothing answers a broadcast, and so only closing tells; a rule for some units stops it, since it reaches them.</summary>
    [Fact]
    public async Task AForbiddenBroadcastClosesAndReachesNobody()
    {
        await using var device = new ScriptedDevice(new ModbusRtuDialect());
        await using var server = await ServerProcess.StartAsync(Settings("\"Processor\": \"Relay\", \"Protocol\": { \"Name\": \"ModbusRtu\" }, \"Link\": { " + device.Tcp + " }", """{ "Units": "1-9", "Functions": [ "Write" ], "Allow": false }"""));
        using var client = await server.ConnectAsync();
        await client.SendAsync(ModbusRtuDialect.Frame([1, 3, 0, 1, 0, 1]));
        await ModbusTestClient.ReadAsync(client, 7);
        await client.SendAsync(ModbusRtuDialect.Frame([0, 6, 0, 1, 0, 1]));
        Assert.Equal("", await client.ReadToEndAsync());
        device.AssertServed("3 1");
    }

    [Fact]
    public async Task ATunnelIsDeniedByClosing()
    {
        await using var device = new ScriptedDevice(new LineDialect()) { MayBePipelined = true };
        var rule = """{ "Networks": [ "127.0.0.0/8" ], "Allow": false }""";
        await using var server = await ServerProcess.StartAsync(Settings("\"Processor\": \"Tunnel\", \"Link\": { " + device.Tcp + " }", rule));
        using var client = await server.ConnectAsync();
        await client.SendAsync("a\n");
        Assert.Equal("", await client.WaitForCloseAsync());
        device.AssertServed();
        await server.WaitForMetricAsync(1, "socketsync_requests_total", "outcome=\"denied\"");
    }

    [Fact]
    public async Task ARequestInsideAConversationIsDeniedToo()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Settings("\"Processor\": \"Converse\", \"Protocol\": { \"Name\": \"Line\" }", NoReset));
        using var client = await server.ConnectAsync();
        Assert.Equal("which program?", await client.AskAsync("start"));
        Assert.StartsWith("ERROR denied ", await client.AskAsync("RESET"), StringComparison.Ordinal);
        Assert.Equal("1: seven", await client.AskAsync("seven"));
        await server.WaitForMetricAsync(1, "socketsync_requests_total", "outcome=\"denied\"");
    }

    [Fact]
    public async Task ChangedRulesHoldForClientsThatAreConnected()
    {
        const string lines = "\"Protocol\": { \"Name\": \"Line\" }";
        await using var server = await ServerProcess.StartAsync(Settings(lines, NoReset));
        using var client = await server.ConnectAsync();
        Assert.StartsWith("ERROR denied ", await client.AskAsync("RESET"), StringComparison.Ordinal);
        server.ChangeFile(Settings(lines, """{ "Commands": [ "START" ], "Allow": false }"""));
        await Poll.UntilAsync(async () => await client.AskAsync("RESET") == "RESET", () => "the old rule still holds");
        Assert.StartsWith("ERROR denied ", await client.AskAsync("START"), StringComparison.Ordinal);
        server.ChangeFile(Settings(lines, """{ "Commands": [ "STOP" ] }"""));
        await server.WaitForLogAsync("SocketSync:Resources:Default:Access:0:Allow: must be given: true or false");
        Assert.StartsWith("ERROR denied ", await client.AskAsync("START"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task TheRoleInACertificateDecides()
    {
        using var files = new TestFiles();
        using var authority = new TestAuthority("SocketSync test authority");
        using var own = authority.Issue("localhost");
        var tls = $$"""
            "Certificate": { "Path": "{{files.Write("server.pem", own.ExportCertificatePem())}}", "KeyPath": "{{files.Write("server.key", TestAuthority.KeyPem(own))}}" },
            "ClientCertificate": "Require", "ClientAuthority": "{{files.Write("ca.pem", authority.Pem)}}"
            """;
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Port": 0, "Tls": { {{tls}} } } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" }, "Access": [
              { "Roles": [ "Operator", "Engineer" ], "Allow": true }, { "Commands": [ "GET*" ], "Allow": true }, { "Allow": false } ] } }
            """);

        foreach (var (role, may) in ((string?, bool)[])[("Engineer", true), ("Viewer", false), ("operator", false), (null, false)])
        {
            using var certificate = authority.Issue("a client", role is null ? null : Role(role));
            using var client = await server.ConnectAsync();
            await client.SecureAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", ClientCertificates = [certificate], CertificateChainPolicy = authority.OnlyTrusted() });
            Assert.Equal("GET 1", await client.AskAsync("GET 1"));
            Assert.Equal(may ? "SET 1" : "ERROR denied not allowed to this client", await client.AskAsync("SET 1"));
        }
    }

    [Fact]
    public async Task CheckPrintsTheRulesAndWarnsOfThoseThatNeverDecide()
    {
        using var files = new TestFiles();
        var file = files.Write("rules.json", ServerProcess.WholeFile(Settings("\"Protocol\": { \"Name\": \"Line\" }", $$"""{ "Allow": true }, {{NoReset}}""")));
        await using var check = new ChildProcess("dotnet", [ServerProcess.Assembly("ServerAssembly"), "check", "--config", file]);
        Assert.True(await check.ExitAsync(TimeSpan.FromSeconds(20)) == 0, check.Log);
        Assert.Contains("  1     RESET*    denied", check.Output, StringComparer.Ordinal);
        Assert.Contains("warning: resource Default: Access rule 1 never decides: whatever it fits, rule 0 before it has decided", check.Output, StringComparer.Ordinal);
    }

    private static string Settings(string resource, string rules) => $$"""
        "Listeners": { "Default": { "Port": 0 } },
        "Resources": { "Default": { {{resource}}, "Access": [ {{rules}} ] } }
        """;

    private static string Relay(string protocol, ScriptedDevice device, string rules) => $$"""
        "Processor": "Relay", "Protocol": { "Name": "{{protocol}}" }, "Link": { {{device.Tcp}}, "Protocol": { "Name": "ModbusTcp" } }, "Access": [ {{rules}} ]
        """;

    internal static X509Extension Role(string role)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteCharacterString(UniversalTagNumber.UTF8String, role);
        return new("1.3.6.1.4.1.50316.802.1", writer.Encode(), critical: false);
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static async Task AskAsync(TestClient client, string protocol, byte[] pdu, byte[] reply)
    {
        await client.SendAsync(Frame(protocol, pdu));
        var expected = Frame(protocol, reply);
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(await ModbusTestClient.ReadAsync(client, expected.Length)));
    }

    private static byte[] Frame(string protocol, byte[] pdu) => protocol switch
    {
        "ModbusTcp" => ModbusTcpDialect.Frame([0, 7], 1, pdu),
        "ModbusRtu" => ModbusRtuDialect.Frame([1, .. pdu]),
        _ => ModbusAsciiDialect.Frame([1, .. pdu]),
    };
}
