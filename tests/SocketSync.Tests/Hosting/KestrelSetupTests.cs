using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

/// <summary>Which HTTP endpoints a real host ends up with, beside a listener on a free port.</summary>
public sealed class KestrelSetupTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("socketsync-");
    private readonly RecordingLogs _logs = new();

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("urls=http://127.0.0.1:0;http://[::1]:0", "127.0.0.1 [::1]")]
    [InlineData("urls=http://127.0.0.1:0 http_ports=1", "127.0.0.1")]
    [InlineData("http_ports=0;0", "[::] [::]")]
    [InlineData("Kestrel:Endpoints:A:Url=http://127.0.0.1:0 Kestrel:Endpoints:B:Url=http://[::1]:0", "127.0.0.1 [::1]")]
    public async Task HttpIsServedWhereTheConfigurationSays(string keys, string hosts)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "no IPv6");
        await using var app = Build(keys);
        app.MapSocketSync();
        await app.StartAsync(TestContext.Current.CancellationToken);

        var urls = HttpUrls(app);
        Assert.Equal(hosts.Split(' '), urls.Select(u => u.Host), StringComparer.Ordinal);
        using var client = new HttpClient();
        foreach (var url in urls)
        {
            var reachable = new UriBuilder(url) { Host = url.Host == "[::]" ? "127.0.0.1" : url.Host, Path = "/health/live" }.Uri;
            Assert.Equal("Healthy", await client.GetStringAsync(reachable, TestContext.Current.CancellationToken));
        }

        // Kestrel warns of addresses that the host hands to it besides.
        Assert.Empty(_logs.Of(LogLevel.Warning).Select(l => l.Text));
    }

    [Fact]
    public async Task HttpIsServedOnAUnixSocketToo()
    {
        var path = Path.Combine(_directory.FullName, "http");
        await using var app = Build($"urls=http://unix:{path}");
        app.MapSocketSync();
        await app.StartAsync(TestContext.Current.CancellationToken);

        using var client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        Assert.Equal("Healthy", await client.GetStringAsync("http://any/health/live", TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("urls=http://localhost:0", "urls: 'http://localhost:0': a free port cannot be picked for both addresses of localhost; write http://127.0.0.1:0")]
    [InlineData("http_ports=x", "http_ports: 'http://*:x': must be a URL such as")]
    public async Task AWrongAddressEndsTheStartInOneLine(string keys, string problem) =>
        Assert.StartsWith(problem, Assert.Single((await FailureAsync(keys)).Problems), StringComparison.Ordinal);

    [Fact]
    public async Task HttpsWithoutACertificateEndsTheStartInOneLine()
    {
        Assert.SkipWhen(HasDevelopmentCertificate(), "this machine has a development certificate, which Kestrel takes");
        Assert.Equal(
            [
                "urls: 'https://127.0.0.1:0': Unable to configure HTTPS endpoint. No server certificate was specified, and the default developer "
                + "certificate could not be found or is out of date. Kestrel:Certificates:Default:Path names one, with its KeyPath or Password",
            ],
            (await FailureAsync("urls=https://127.0.0.1:0")).Problems);
    }

    [Fact]
    public async Task HttpsIsServedWithKestrelsDefaultCertificate()
    {
        using var authority = new TlsTestAuthority();
        using var certificate = authority.Sign("localhost");
        var file = Path.Combine(_directory.FullName, "c.pfx");
        await File.WriteAllBytesAsync(file, certificate.Export(X509ContentType.Pfx, "p"), TestContext.Current.CancellationToken);
        await using var app = Build($"urls=https://127.0.0.1:0 Kestrel:Certificates:Default:Path={file} Kestrel:Certificates:Default:Password=p");
        app.MapSocketSync();
        await app.StartAsync(TestContext.Current.CancellationToken);

        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.Add(authority.Certificate);
        using var handler = new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = trust } };
        using var client = new HttpClient(handler);
        Assert.Equal("Healthy", await client.GetStringAsync(new UriBuilder(Assert.Single(HttpUrls(app))) { Host = "localhost", Path = "/health/live" }.Uri, TestContext.Current.CancellationToken));
    }

    private static List<Uri> HttpUrls(WebApplication app)
    {
        var listeners = app.Services.GetRequiredService<Topology>().Bound.EndPoints.Select(e => e.Port!.Value).ToList();
        return [.. app.Urls.Select(u => new Uri(u)).Where(u => !listeners.Contains(u.Port))];
    }

    private async Task<SocketSyncStartupException> FailureAsync(string keys) =>
        await Assert.ThrowsAsync<SocketSyncStartupException>(async () =>
        {
            await using var app = Build(keys);
            await app.StartAsync(TestContext.Current.CancellationToken);
        });

    private WebApplication Build(string keys)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Configuration.AddInMemoryCollection(ConfigurationText.HostKeys($"SocketSync:Listeners:Default:Port=0 {keys}"));
        builder.Logging.AddProvider(_logs);
        builder.Services.AddRouting();
        builder.WebHost.UseKestrel((context, kestrel) => kestrel.Configure(context.Configuration.GetSection("Kestrel")));
        builder.AddSocketSync();
        return builder.Build();
    }

    private static bool HasDevelopmentCertificate()
    {
        using var store = new X509Store(StoreName.My, StoreLocation.CurrentUser);
        store.Open(OpenFlags.ReadOnly);
        return store.Certificates.Any(c => c.Extensions.Any(e => e.Oid?.Value == "1.3.6.1.4.1.311.84.1.1"));
    }
}
