namespace SocketSync.EndToEndTests;

/// <summary>Clients that others wrote.</summary>
public sealed class ToolTests
{
    [Fact]
    public async Task NcatIsAnsweredAfterItHasEndedItsStream()
    {
        Tool.Require("ncat");
        await using var server = await ServerProcess.StartAsync(Settings.EchoLines);
        await AssertAnsweredAsync("ncat", "127.0.0.1", $"{(await server.StatusAsync()).Listener.Port}");
    }

    [Fact]
    public async Task SocatIsAnsweredOverAUnixSocket()
    {
        Tool.Require("socat");
        using var files = new TestFiles();
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "UnixSocket": "{{files["gate"]}}" } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
            """);
        await AssertAnsweredAsync("socat", "-t10", "-", $"UNIX-CONNECT:{files["gate"]}");
    }

    [Fact]
    public async Task SocatIsAnsweredOverTls()
    {
        Tool.Require("socat");
        using var files = new TestFiles();
        using var authority = new TestAuthority("SocketSync test authority");
        using var certificate = authority.Issue("localhost");
        await using var server = await ServerProcess.StartAsync($$"""
            "Listeners": { "Default": { "Port": 0, "Tls": { "Certificate": {
              "Path": "{{files.Write("server.pem", certificate.ExportCertificatePem())}}",
              "KeyPath": "{{files.Write("server.key", TestAuthority.KeyPem(certificate))}}" } } } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
            """);
        var port = (await server.StatusAsync()).Listener.Port;
        await AssertAnsweredAsync("socat", "-t10", "-", $"OPENSSL:localhost:{port},pf=ip4,cafile={files.Write("ca.pem", authority.Pem)}");
    }

    private static async Task AssertAnsweredAsync(string tool, params string[] arguments)
    {
        await using var client = new ChildProcess(tool, arguments);
        await client.Input.WriteAsync("one\ntwo\n");
        client.Input.Close();
        Assert.Equal(0, await client.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.Equal(["one", "two"], client.Output);
    }
}
