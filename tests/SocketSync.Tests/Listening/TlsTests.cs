using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

public sealed class TlsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("sync").FullName;
    private readonly TlsTestAuthority _authority = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private int _served;

    public TlsTests() => WriteServer("server");

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task AClientIsServedOverTls(SslProtocols protocol)
    {
        await using var host = await OpenAsync(new TlsOptions { Certificate = Files });
        var (reply, server) = await AskAsync(host, o => o.EnabledSslProtocols = protocol);
        Assert.Equal("hello", reply);
        Assert.Equal("CN=server", server);
    }

    [Fact]
    public async Task AnUnknownApplicationProtocolDoesNotMatter()
    {
        await using var host = await OpenAsync(new TlsOptions { Certificate = Files });
        var (reply, _) = await AskAsync(host, o => o.ApplicationProtocols = [new SslApplicationProtocol("x-bench/1")]);
        Assert.Equal("hello", reply);
    }

    [Fact]
    public async Task APlaintextClientNeverReachesTheHandler()
    {
        await using var host = await OpenAsync(new TlsOptions { Certificate = Files });
        using (var client = await ListenerTransportClient.ConnectAsync(host.Port))
        {
            await client.SendAsync("hello, this is no TLS at all\n");
            try
            {
                Assert.DoesNotContain("hello", await client.ReadToEndAsync(), StringComparison.Ordinal);
            }
            catch (SocketException e)
            {
                Assert.Equal(SocketError.ConnectionReset, e.SocketErrorCode);
            }
        }

        await AskAsync(host);
        Assert.Equal(1, _served);
    }

    [Fact]
    public async Task AFailedHandshakeIsOneLineWithoutAStackAndNothingLouder()
    {
        await using var host = await OpenAsync(new TlsOptions { Certificate = Files });
        using (var client = await ListenerTransportClient.ConnectAsync(host.Port))
            await client.SendAsync("hello, this is no TLS at all\n");
        await UntilAsync(() => host.Logs.Of(LogLevel.Information).Any(l => l.Category == "SocketSync.Tls"));

        var line = Assert.Single(host.Logs.Of(LogLevel.Information), l => l.Category == "SocketSync.Tls");
        Assert.Null(line.Error);
        Assert.DoesNotContain('\n', line.Text);
        Assert.Empty(host.Logs.Of(LogLevel.Warning));
        Assert.Empty(host.Logs.Of(LogLevel.Error));
        Assert.DoesNotContain(host.Logs.Of(LogLevel.Information), l => l.Error is not null);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(TlsTestAuthority.ClientUsage)]
    public async Task AClientOfTheAuthorityIsServed(string? usage)
    {
        using var certificate = _authority.Sign("client", usage);
        await using var host = await OpenAsync(Requiring(_authority.Pem));
        var (reply, _) = await AskAsync(host, o => o.ClientCertificateContext = Context(certificate));
        Assert.Equal("hello", reply);
        Assert.Equal(certificate.Thumbprint, _clientThumbprint);
    }

    [Fact]
    public async Task AClientOfAnIntermediateIsServedWhenItSendsTheChain()
    {
        using var intermediate = new TlsTestAuthority("intermediate", _authority);
        using var certificate = intermediate.Sign("client");
        await using var host = await OpenAsync(Requiring(_authority.Pem));
        var (reply, _) = await AskAsync(host, o => o.ClientCertificateContext = Context(certificate, intermediate.Certificate));
        Assert.Equal("hello", reply);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("foreign")]
    [InlineData("self-signed")]
    [InlineData("expired")]
    [InlineData("server only")]
    public async Task AnyOtherClientIsRefused(string which)
    {
        using var foreign = new TlsTestAuthority("authority");
        using var certificate = which switch
        {
            "foreign" => foreign.Sign("client"),
            "self-signed" => new TlsTestAuthority("client").Certificate,
            "expired" => _authority.Sign("client", days: -1),
            "server only" => _authority.Sign("client", TlsTestAuthority.ServerUsage),
            _ => null,
        };
        foreach (var protocol in new[] { SslProtocols.Tls12, SslProtocols.Tls13 })
        {
            await using var host = await OpenAsync(Requiring(_authority.Pem));
            await RefusedAsync(host, o =>
            {
                o.EnabledSslProtocols = protocol;
                if (certificate is not null)
                    o.ClientCertificateContext = Context(certificate);
            });

            Assert.Equal(0, _served);
            await SyncHost.Until(() => host.Logs.Of(LogLevel.Warning).Count > 0, "the refusal is told");
            var line = Assert.Single(host.Logs.Of(LogLevel.Warning));
            Assert.StartsWith("TLS: a client from 127.0.0.1 is refused: ", line.Text, StringComparison.Ordinal);
            Assert.Null(line.Error);
            Assert.DoesNotContain(host.Logs.Of(LogLevel.Information), l => l.Category == "SocketSync.Tls");
        }
    }

    [Fact]
    public async Task FailedHandshakesAreSummedUp()
    {
        await using var host = await OpenAsync(new TlsOptions { Certificate = Files });
        for (var i = 0; i < 5; i++)
        {
            using var client = await ListenerTransportClient.ConnectAsync(host.Port);
            await client.SendAsync("hello, this is no TLS at all\n");
        }

        await SyncHost.AdvanceUntil(_time, TimeSpan.FromSeconds(1), () => Told().Sum(Count) == 5, "all are told");
        Assert.Equal("TLS: the handshake with a client from 127.0.0.1 failed", Told()[0].Text);
        Assert.InRange(Told().Count, 2, 4);

        List<LogLine> Told() => [.. host.Logs.Of(LogLevel.Information).Where(l => l.Category == "SocketSync.Tls")];
        static int Count(LogLine line) => line.Text.Split(" more ") is [var head, _] ? int.Parse(head.Split(' ')[^1], CultureInfo.InvariantCulture) : 1;
    }

    [Fact]
    public async Task AChangedCertificateIsUsedFromTheNextHandshakeOn()
    {
        await using var host = await OpenAsync(new TlsOptions { Certificate = Files });
        Assert.Equal("CN=server", (await AskAsync(host)).Server);

        WriteServer("renewed");
        Assert.Equal("CN=server", (await AskAsync(host)).Server); // looked at less than a second ago
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("CN=renewed", (await AskAsync(host)).Server);
    }

    [Fact]
    public async Task ASwappedLinkIsSeenThoughTheFileIsOfTheSameAgeAndLength()
    {
        // As Kubernetes replaces a secret: the name stays, the link behind it moves.
        var (first, second) = (At("first"), At("second"));
        WriteServer("server-a", first);
        WriteServer("server-b", second);
        File.Delete(Files.Path!);
        File.CreateSymbolicLink(Files.Path!, first);
        await using var host = await OpenAsync(new TlsOptions { Certificate = Files });
        Assert.Equal("CN=server-a", (await AskAsync(host)).Server);

        File.SetLastWriteTimeUtc(second, File.GetLastWriteTimeUtc(first));
        File.Delete(Files.Path!);
        File.CreateSymbolicLink(Files.Path!, second);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("CN=server-b", (await AskAsync(host)).Server);
    }

    [Fact]
    public async Task ABrokenNewFileIsToldOnceAndTheFormerCertificateStays()
    {
        await using var host = await OpenAsync(new TlsOptions { Certificate = Files });
        File.WriteAllText(Files.Path!, "broken");
        for (var i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal("CN=server", (await AskAsync(host)).Server);
        }

        var warning = Assert.Single(host.Logs.Of(LogLevel.Warning));
        Assert.Null(warning.Error);
        Assert.Contains(Files.Path!, warning.Text, StringComparison.Ordinal);

        WriteServer("mended");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("CN=mended", (await AskAsync(host)).Server);
    }

    [Fact]
    public async Task AMissingFileIsToldOnceAndTheFormerCertificateStays()
    {
        await using var host = await OpenAsync(new TlsOptions { Certificate = Files });
        File.Delete(Files.Path!);
        for (var i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.Equal("CN=server", (await AskAsync(host)).Server);
        }

        Assert.Contains("does not exist", Assert.Single(host.Logs.Of(LogLevel.Warning)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AChangedAuthorityIsUsedFromTheNextHandshakeOn()
    {
        using var other = new TlsTestAuthority("other");
        using var certificate = _authority.Sign("client");
        await using var host = await OpenAsync(Requiring(other.Pem));
        await RefusedAsync(host, o => o.ClientCertificateContext = Context(certificate));

        File.WriteAllText(At("ca.pem"), _authority.Pem);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("hello", (await AskAsync(host, o => o.ClientCertificateContext = Context(certificate))).Reply);

        File.WriteAllText(At("ca.pem"), "broken");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("hello", (await AskAsync(host, o => o.ClientCertificateContext = Context(certificate))).Reply);
        Assert.Single(host.Logs.Of(LogLevel.Warning), l => l.Text.Contains(At("ca.pem"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnExpiredServerCertificateIsWarnedOf()
    {
        WriteServer("server", days: -1);
        await using var host = await OpenAsync(new TlsOptions { Certificate = Files });
        Assert.Contains("expired", Assert.Single(host.Logs.Of(LogLevel.Warning)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void IncompleteOptionsAreRefused()
    {
        Assert.Throws<ArgumentException>(() => Use(new TlsOptions()));
        Assert.Throws<ArgumentException>(() => Use(new TlsOptions { Certificate = Files, ClientCertificate = ClientCertificate.Require }));
        Assert.Throws<CertificateFileException>(() => Use(new TlsOptions { Certificate = new CertificateOptions { Path = At("none") } }));
        Assert.Throws<CertificateFileException>(() => Use(new TlsOptions
        {
            Certificate = Files, ClientCertificate = ClientCertificate.Require, ClientAuthority = At("none"),
        }));
    }

    [Fact]
    public async Task TheRawTransportIsKeptBeneathTls()
    {
        UnderlyingInputFeature? raw = null;
        System.IO.Pipelines.PipeReader? decrypted = null;
        await using var host = await ListenerTransportHost.OpenAsync(new ListenerOptions { Address = "127.0.0.1", Port = 0 }, listener =>
        {
            listener.UseUnderlyingInput();
            listener.UseTls(new TlsOptions { Certificate = Files });
            listener.Use(next => connection =>
            {
                raw = connection.Features.Get<UnderlyingInputFeature>();
                decrypted = connection.Transport.Input;
                return next(connection);
            });
            ListenerTransportHost.Echo(listener);
        }, _time);
        Assert.Equal("hello", (await AskAsync(host)).Reply);
        Assert.NotNull(raw);
        Assert.NotSame(raw.Input, decrypted);
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private string? _clientThumbprint;

    private CertificateOptions Files => new() { Path = At("server.pem") };

    private string At(string name) => Path.Combine(_directory, name);

    private void WriteServer(string name, string? path = null, int days = 20)
    {
        using var certificate = _authority.Sign(name, TlsTestAuthority.ServerUsage, days);
        File.WriteAllText(path ?? Files.Path!, certificate.ExportCertificatePem() + "\n" + certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
    }

    private TlsOptions Requiring(string authority)
    {
        File.WriteAllText(At("ca.pem"), authority);
        return new TlsOptions { Certificate = Files, ClientCertificate = ClientCertificate.Require, ClientAuthority = At("ca.pem") };
    }

    private static void Use(TlsOptions options)
    {
        using var services = new ServiceCollection().AddLogging().BuildServiceProvider();
        var kestrel = new KestrelServerOptions { ApplicationServices = services };
        kestrel.Listen(IPAddress.Loopback, 0, listener => listener.UseTls(options));
    }

    private Task<ListenerTransportHost> OpenAsync(TlsOptions options) => ListenerTransportHost.OpenAsync(
        new ListenerOptions { Address = "127.0.0.1", Port = 0, Tls = options },
        listener =>
        {
            listener.UseTls(options);
            listener.Use(next => connection =>
            {
                Interlocked.Increment(ref _served);
                _clientThumbprint = connection.Features.Get<ITlsConnectionFeature>()?.ClientCertificate?.Thumbprint;
                return next(connection);
            });
            ListenerTransportHost.Echo(listener);
        },
        _time);

    private static SslStreamCertificateContext Context(X509Certificate2 certificate, params X509Certificate2[] chain) =>
        SslStreamCertificateContext.Create(certificate, [.. chain], offline: true);

    private async Task<(string Reply, string Server)> AskAsync(ListenerTransportHost host, Action<SslClientAuthenticationOptions>? configure = null)
    {
        using var limit = new CancellationTokenSource(ListenerTransportClient.Limit);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, host.Port, limit.Token);
        await using var tls = new SslStream(client.GetStream());
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            AllowTlsResume = false,
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck },
        };
        options.CertificateChainPolicy.CustomTrustStore.Add(_authority.Certificate);
        configure?.Invoke(options);
        await tls.AuthenticateAsClientAsync(options, limit.Token);
        await tls.WriteAsync("hello"u8.ToArray(), limit.Token);
        var reply = new byte[5];
        await tls.ReadExactlyAsync(reply, limit.Token);
        return (Encoding.ASCII.GetString(reply), tls.RemoteCertificate!.Subject);
    }

    private async Task RefusedAsync(ListenerTransportHost host, Action<SslClientAuthenticationOptions> configure)
    {
        var error = await Assert.ThrowsAnyAsync<Exception>(() => AskAsync(host, configure));
        Assert.True(error is AuthenticationException or IOException, error.ToString());
    }

    private static async Task UntilAsync(Func<bool> state)
    {
        for (var i = 0; !state(); i++)
        {
            Assert.True(i < 2000, "waited in vain");
            await Task.Delay(10);
        }
    }
}
