using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace SocketSync.EndToEndTests;

public sealed class TlsTests : IDisposable
{
    private readonly TestFiles _files = new();
    private readonly TestAuthority _authority = new("SocketSync test authority");

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task ServesWhoSpeaksIt()
    {
        await using var server = await StartAsync(Pem());
        using var client = await server.ConnectAsync();
        await client.SecureAsync(Options());
        Assert.Equal("a", await client.AskAsync("a"));
        await client.SendAsync("b\n");
        Assert.Equal("b", await client.ReadLineAsync());
    }

    [Fact]
    public async Task TakesAPfxFileWithItsPassword()
    {
        using var certificate = _authority.Issue("localhost");
        await File.WriteAllBytesAsync(_files["server.pfx"], certificate.Export(X509ContentType.Pkcs12, "secret"), TestContext.Current.CancellationToken);
        await using var server = await StartAsync($$""" "Certificate": { "Path": "{{_files["server.pfx"]}}", "Password": "secret" } """);
        using var client = await server.ConnectAsync();
        await client.SecureAsync(Options());
        Assert.Equal("a", await client.AskAsync("a"));
    }

    [Fact]
    public async Task NeverServesAPlaintextClient()
    {
        await using var server = await StartAsync(Pem());
        using var client = await server.ConnectAsync();
        await client.SendAsync("plaintext\n");
        Assert.DoesNotContain("plaintext", await client.WaitForCloseAsync(), StringComparison.Ordinal);
        Assert.Equal(0, (await server.StatusAsync()).Resource.Completed);
    }

    [Fact]
    public async Task ServesAClientThatNamesAnUnknownProtocol()
    {
        await using var server = await StartAsync(Pem());
        using var client = await server.ConnectAsync();
        var options = Options();
        options.ApplicationProtocols = [new("nobody-knows/1")];
        await client.SecureAsync(options);
        Assert.Equal("a", await client.AskAsync("a"));
    }

    [Fact]
    public async Task ServesAClientWithACertificateOfTheAuthority()
    {
        await using var server = await StartAsync(Pem() + Require());
        using var certificate = _authority.Issue("a client");
        using var client = await server.ConnectAsync();
        await client.SecureAsync(Options(certificate));
        Assert.Equal("a", await client.AskAsync("a"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RefusesAClientWithAForeignCertificateOrNone(bool foreign)
    {
        await using var server = await StartAsync(Pem() + Require());
        using var stranger = new TestAuthority("SocketSync test authority"); // Of the same name, with another key.
        using var certificate = stranger.Issue("a client");
        using var client = await server.ConnectAsync();
        var answered = "";
        try
        {
            // With TLS 1.3 the client learns of the refusal only when it reads.
            await client.SecureAsync(Options(foreign ? certificate : null));
            await client.SendAsync("a\n");
            answered = await client.WaitForCloseAsync();
        }
        catch (Exception error) when (error is IOException or AuthenticationException)
        {
            // Refused during the handshake.
        }

        Assert.Equal("", answered);
        var status = await server.WaitForStatusAsync(s => s.Listener.Connections == 0);
        Assert.Equal(0, status.Resource.Completed);
    }

    [Fact]
    public async Task AnswersAHalfClosedClient()
    {
        await using var server = await StartAsync(Pem());
        using var client = await server.ConnectAsync();
        await client.SecureAsync(Options());
        await client.SendAsync("a\nb\n");
        await client.EndTlsAsync();
        Assert.Equal("a\nb\n", await client.ReadToEndAsync());
    }

    [Fact]
    public async Task AClientThatResetWhileItWaitedIsNotServed()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Listener(Pem(), "Scripted"));
        using var holder = await server.ConnectAsync();
        using var gone = await server.ConnectAsync();
        using var next = await server.ConnectAsync();
        foreach (var client in (TestClient[])[holder, gone, next]) await client.SecureAsync(Options());
        await holder.SendAsync("hold key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await TurnTests.WaitInLineAsync(server, gone, "gone", 1);
        await TurnTests.WaitInLineAsync(server, next, "next", 2);
        gone.Reset();
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
        await server.ReleaseAsync("key");
        Assert.Equal("next", await next.ReadLineAsync());
        Assert.Equal(["hold key", "next"], (await server.StageAsync()).Begun);
    }

    [Fact]
    public async Task IdleClientsDoNotHoldTheStopUp()
    {
        await using var server = await StartAsync(Pem());
        using var silent = await server.ConnectAsync(); // Accepted before the next, which is then served.
        using var client = await server.ConnectAsync();
        await client.SecureAsync(Options());
        Assert.Equal("a", await client.AskAsync("a"));
        server.Process.Terminate();
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public async Task ReadsChangedCertificateFilesAgain()
    {
        await using var server = await StartAsync(Pem());
        var before = await ServedAsync(server);
        Pem();
        await Poll.UntilAsync(async () => await ServedAsync(server) != before, () => "the old certificate is still served");
    }

    [Fact]
    public async Task AClientThatSaysNothingDoesNotStay()
    {
        await using var server = await StartAsync(Pem());
        using var silent = await server.ConnectAsync();
        Assert.Equal("", await silent.WaitForCloseAsync());
    }

    private static Task<ServerProcess> StartAsync(string tls) => ServerProcess.StartAsync(Listener(tls, "Echo"));

    private static string Listener(string tls, string processor) => $$"""
        "Listeners": { "Default": { "Port": 0, "Tls": { {{tls}} } } },
        "Resources": { "Default": { "Processor": "{{processor}}", "Protocol": { "Name": "Line" } } }
        """;

    /// <summary>Writes a new certificate and its key.</summary>
    private string Pem()
    {
        using var certificate = _authority.Issue("localhost");
        var key = _files.Write("server.key", TestAuthority.KeyPem(certificate));
        var path = _files.Write("server.pem", certificate.ExportCertificatePem());
        return $$""" "Certificate": { "Path": "{{path}}", "KeyPath": "{{key}}" } """;
    }

    private string Require() => $$""", "ClientCertificate": "Require", "ClientAuthority": "{{_files.Write("ca.pem", _authority.Pem)}}" """;

    private SslClientAuthenticationOptions Options(X509Certificate2? certificate = null) => new()
    {
        TargetHost = "localhost",
        ClientCertificates = certificate is null ? null : [certificate],
        CertificateChainPolicy = _authority.OnlyTrusted(),
    };

    private async Task<string> ServedAsync(ServerProcess server)
    {
        using var client = await server.ConnectAsync();
        using var certificate = await client.SecureAsync(Options());
        return certificate.GetCertHashString();
    }
}
