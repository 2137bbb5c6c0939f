using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace SocketSync.EndToEndTests;

/// <summary>HTTP/1.1 everywhere; HTTP/2 where TLS lets both sides agree on it, or on a port that speaks nothing else.</summary>
public sealed class HttpVersionTests : IDisposable
{
    private readonly TestFiles _files = new();
    private readonly TestAuthority _authority = new("SocketSync test authority");
    private readonly int _plain = FreePort.Next();
    private readonly int _secure = FreePort.Next();
    private readonly int _onlyTwo = FreePort.Next();

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task BothAreServed()
    {
        await using var server = Start();
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = _authority.OnlyTrusted() } });
        await Poll.UntilAsync(() => IsReadyAsync(http), () => server.Log);

        Assert.Equal(HttpVersion.Version20, await VersionAsync(http, $"https://localhost:{_secure}", HttpVersion.Version20));
        Assert.Equal(HttpVersion.Version11, await VersionAsync(http, $"https://localhost:{_secure}", HttpVersion.Version11));
        Assert.Equal(HttpVersion.Version11, await VersionAsync(http, $"http://localhost:{_plain}", HttpVersion.Version11));
        Assert.Equal(HttpVersion.Version20, await VersionAsync(http, $"http://localhost:{_onlyTwo}", HttpVersion.Version20));

        // In clear text nothing tells beforehand which of them a client speaks, so that Kestrel takes the first for granted.
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => VersionAsync(http, $"http://localhost:{_plain}", HttpVersion.Version20));
        Assert.Contains("HTTP_1_1_REQUIRED", refused.ToString(), StringComparison.Ordinal);
        Assert.Equal(HttpVersion.Version11, await VersionAsync(http, $"http://localhost:{_plain}", HttpVersion.Version11));
    }

    private static async Task<Version> VersionAsync(HttpClient http, string url, Version version)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{url}/health/live") { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return answer.Version;
    }

    private async Task<bool> IsReadyAsync(HttpClient http)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri($"http://localhost:{_plain}/health/ready"), TestContext.Current.CancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false; // It does not listen yet.
        }
    }

    private ChildProcess Start()
    {
        using var certificate = _authority.Issue("localhost");
        var pem = _files.Write("server.pem", certificate.ExportCertificatePem());
        var key = _files.Write("server.key", TestAuthority.KeyPem(certificate));
        var file = _files.Write("appsettings.json", $$"""
            {
              "SocketSync": { {{Settings.EchoLines}} },
              "Kestrel": {
                "Endpoints": {
                  "Plain": { "Url": "http://localhost:{{_plain}}" },
                  "Secure": { "Url": "https://localhost:{{_secure}}", "Certificate": { "Path": "{{pem}}", "KeyPath": "{{key}}" } },
                  "OnlyTwo": { "Url": "http://localhost:{{_onlyTwo}}", "Protocols": "Http2" }
                }
              }
            }
            """);
        return new("dotnet", [ServerProcess.Assembly("ServerAssembly"), "--config", file]);
    }
}
