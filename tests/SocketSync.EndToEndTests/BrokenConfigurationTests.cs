using System.Net;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

public sealed class BrokenConfigurationTests
{
    private const string Listener = "SocketSync:Listeners:Default:";
    private const string Resource = "SocketSync:Resources:Default:";

    /// <summary>What is wrong in the listener, its key, the value as told, and words of what is allowed.</summary>
    public static TheoryData<string, string, string, string[]> InTheListener => new()
    {
        { """ "Port": 70000 """, "Port", "70000", ["65535"] },
        { """ "Port": -1 """, "Port", "-1", ["65535"] },
        { """ "Port": "abc" """, "Port", "abc", [] },
        { """ "Port": 0, "Address": "no address" """, "Address", "no address", ["localhost", "*"] },
        { """ "Port": 0, "Prot": 1 """, "Prot", "", ["Port"] },
        { """ "Port": 0, "Resource": "Nobody" """, "Resource", "Nobody", ["Default"] },
        { """ "Port": 0, "Priority": "Urgent" """, "Priority", "Urgent", ["High", "Normal", "Low"] },
        { """ "Port": 0, "MaxConnections": 0 """, "MaxConnections", "0", ["1"] },
        { """ "Port": 0, "AllowedNetworks": [ "10.0.0.0/33" ] """, "AllowedNetworks:0", "10.0.0.0/33", [] },
        { """ "Port": 0, "FrameTimeout": "00:00:00" """, "FrameTimeout", "00:00:00", [] },
        { """ "Port": 0, "SendTimeout": "soon" """, "SendTimeout", "soon", [] },
        { """ "Port": 0, "IdleTimeout": "-00:00:01" """, "IdleTimeout", "-00:00:01", [] },
        { """ "Port": 0, "Tls": { "Certificate": { "Path": "/nowhere/server.pem" } } """, "Tls:Certificate:Path", "/nowhere/server.pem", [] },
        { """ "Port": 0, "Tls": { } """, "Tls:Certificate", "", [] },
        { """ "Port": 0, "Protocol": { "Name": "FixedLength" } """, "Protocol:Length", "", [] },
    };

    /// <summary>The same in the resource.</summary>
    public static TheoryData<string, string, string, string[]> InTheResource => new()
    {
        { """ "Processor": "Ekho" """, "Processor", "Ekho", ["Echo"] },
        { """ "Gates": { } """, "Gates", "", ["Gate"] },
        { """ "OnError": "Ignore" """, "OnError", "Ignore", ["Reply", "Close"] },
        { """ "Protocol": { "Name": "Lines" } """, "Protocol:Name", "Lines", ["Raw", "Line", "LengthPrefixed", "FixedLength"] },
        { """ "Protocol": { "Name": "LengthPrefixed", "LengthBytes": 3 } """, "Protocol:LengthBytes", "3", ["1", "2", "4"] },
        { """ "Protocol": { "Name": "Line", "Delimiter": "\\xZZ" } """, "Protocol:Delimiter", "\\xZZ", [] },
        { """ "Protocol": { "Name": "Line", "Delimiter": "" } """, "Protocol:Delimiter", "", [] },
        { """ "Protocol": { "MaxRequestBytes": 0 } """, "Protocol:MaxRequestBytes", "0", [] },
        { """ "Gate": { "Hold": "Forever" } """, "Gate:Hold", "Forever", ["Request", "Quiet", "Connection"] },
        { """ "Gate": { "MaxQueue": -1 } """, "Gate:MaxQueue", "-1", [] },
        { """ "Gate": { "TurnTimeout": "00:00:00" } """, "Gate:TurnTimeout", "00:00:00", [] },
        { """ "Gate": { "TurnTimeOut": "00:00:01", "WaitTimeout": "5 s" } """, "Gate:WaitTimeout", "5 s", [] },
    };

    [Theory]
    [MemberData(nameof(InTheListener))]
    public Task ToldOfAListener(string settings, string key, string value, string[] allowed) =>
        AssertToldAsync($$"""
            "Listeners": { "Default": { {{settings}} } }, "Resources": { "Default": { } }
            """, Listener + key, value, allowed);

    [Theory]
    [MemberData(nameof(InTheResource))]
    public Task ToldOfAResource(string settings, string key, string value, string[] allowed) =>
        AssertToldAsync($$"""
            "Listeners": { "Default": { "Port": 0 } }, "Resources": { "Default": { {{settings}} } }
            """, Resource + key, value, allowed);

    [Theory]
    [InlineData(""" "DrainTimeout": "later", """, "DrainTimeout", "later")]
    [InlineData(""" "IoThreads": 0, """, "IoThreads", "0")]
    [InlineData(""" "DefaultAddress": "nowhere at all", """, "DefaultAddress", "nowhere at all")]
    [InlineData(""" "Listener": { }, """, "Listener", "", "Listeners")]
    public Task ToldOfTheWhole(string settings, string key, string value, params string[] allowed) =>
        AssertToldAsync(settings + Settings.EchoLines, "SocketSync:" + key, value, allowed);

    [Fact]
    public async Task EveryProblemHasALineOfItsOwn()
    {
        using var files = new TestFiles();
        var config = files.Write("config.json", ServerProcess.WholeFile("""
            "Listeners": { "Default": { "Port": 70000, "Priority": "Urgent" } }, "Resources": { "Default": { "Gate": { "Hold": "Forever" } } }
            """));
        await using var server = FailedStart.Launch(config);
        Assert.Equal(2, await server.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(3, server.Errors.Count);
        foreach (var key in (string[])["Listeners:Default:Port", "Listeners:Default:Priority", "Resources:Default:Gate:Hold"])
            Assert.Single(server.Errors, line => line.Contains($"SocketSync:{key}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AFileThatIsNoJsonIsNamed()
    {
        using var files = new TestFiles();
        await using var server = FailedStart.Launch(files.Write("config.json", "{ \"SocketSync\": "));
        await FailedStart.AssertRefusedAsync(server, files["config.json"]);
    }

    [Fact]
    public async Task AFileThatIsNotThereIsNamed()
    {
        using var files = new TestFiles();
        await using var server = FailedStart.Launch(files["config.json"]);
        await FailedStart.AssertRefusedAsync(server, files["config.json"]);
    }

    [Fact]
    public async Task NothingListensBeforeTheProblemIsTold()
    {
        using var files = new TestFiles();
        var port = FreePort.Next();
        var config = files.Write("config.json", ServerProcess.WholeFile($$"""
            "Listeners": { "Default": { "Port": {{port}} }, "Other": { "Port": 0, "Resource": "Nobody" } }, "Resources": { "Default": { } }
            """));
        await using var server = FailedStart.Launch(config);
        await AssertNeverListensAsync(server, port);
        await FailedStart.AssertRefusedAsync(server, "SocketSync:Listeners:Other:Resource");
    }

    [Fact]
    public async Task AListenersAddressInUseIsNamed()
    {
        using var holder = Listen();
        var taken = ((IPEndPoint)holder.LocalEndPoint!).Port;
        using var files = new TestFiles();
        var config = files.Write("config.json", ServerProcess.WholeFile($$"""
            "Listeners": { "Default": { "Port": {{taken}} } }, "Resources": { "Default": { } }
            """));
        await using var server = FailedStart.Launch(config);
        await FailedStart.AssertRefusedAsync(server, "SocketSync:Listeners:Default:Port", $"{taken}");
    }

    [Fact]
    public async Task TheHttpAddressInUseIsNamed()
    {
        using var holder = Listen();
        var taken = ((IPEndPoint)holder.LocalEndPoint!).Port;
        using var files = new TestFiles();
        var port = FreePort.Next();
        var config = files.Write("config.json", ServerProcess.WholeFile($$"""
            "Listeners": { "Default": { "Port": {{port}} } }, "Resources": { "Default": { } }
            """));
        await using var server = FailedStart.Launch(config, $"--urls=http://127.0.0.1:{taken}");
        await FailedStart.AssertRefusedAsync(server, $"{taken}");
    }

    private static async Task AssertToldAsync(string settings, string key, string value, string[] allowed)
    {
        using var files = new TestFiles();
        await using var server = FailedStart.Launch(files.Write("config.json", ServerProcess.WholeFile(settings)));
        await FailedStart.AssertRefusedAsync(server, [key, value, .. allowed]);
        var line = server.Errors[0];
        Assert.StartsWith(key, line, StringComparison.Ordinal);
        var allowedPart = line[(line.IndexOf(value, key.Length, StringComparison.Ordinal) + value.Length)..];
        Assert.True(allowedPart.Count(char.IsLetter) > 3, $"nothing is said to be allowed: {line}");
    }

    private static Socket Listen()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, FreePort.Next()));
        socket.Listen();
        return socket;
    }

    private static Task AssertNeverListensAsync(ChildProcess server, int port) => Poll.UntilAsync(
        async () =>
        {
            await Assert.ThrowsAsync<SocketException>(() => TestClient.ConnectAsync(port));
            return server.HasExited;
        },
        () => "the process has not ended");
}
