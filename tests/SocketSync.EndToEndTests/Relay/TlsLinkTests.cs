using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace SocketSync.EndToEndTests;

/// <summary>A device that speaks TLS. The authorities that the server's system trusts are told by its environment.</summary>
public sealed class TlsLinkTests : IDisposable
{
    private readonly TestFiles _files = new();
    private readonly TestAuthority _trusted = new("Trusted test authority");
    private readonly TcpListener _device = new(IPAddress.Loopback, 0);

    public TlsLinkTests() => _device.Start();

    public void Dispose()
    {
        _device.Dispose();
        _trusted.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task ADeviceWithATrustedCertificateIsSpokenTo()
    {
        using var certificate = _trusted.Issue("localhost");
        var serving = ServeAsync(certificate);
        await using (var server = await ServerProcess.StartAsync(Settings(), environment: Trusting()))
        {
            using var client = await server.ConnectAsync();
            Assert.Equal("a!", await client.AskAsync("a"));
            Assert.Equal("b!", await client.AskAsync("b"));
            Assert.Equal("Up", (await server.StatusAsync()).Resource.Link!.State);
        }

        _device.Stop();
        await serving;
    }

    [Fact]
    public async Task ADeviceWithAForeignCertificateIsUnavailableAndTheReasonIsLoggedOnce()
    {
        using var stranger = new TestAuthority("Strange test authority");
        using var certificate = stranger.Issue("localhost");
        var serving = ServeAsync(certificate);
        await using (var server = await ServerProcess.StartUnreadyAsync(Settings(), Trusting()))
        {
            using var client = await server.ConnectAsync();
            Assert.StartsWith("ERROR unavailable ", await client.AskAsync("a"), StringComparison.Ordinal);
            await Poll.UntilAsync(() => _refused >= 3, "attempts");
            var told = Assert.Single(server.Process.Output, line => line.Contains("the device is away", StringComparison.Ordinal));
            Assert.Contains("certificate", told, StringComparison.Ordinal);
            var status = (await server.StatusAsync()).Resource;
            Assert.Equal("Down", status.Link!.State);
            Assert.Contains("certificate", status.Link.LastError, StringComparison.Ordinal);
            Assert.Equal(0, status.Completed);
        }

        _device.Stop();
        await serving;
    }

    private volatile int _refused;

    private string Settings() => RelaySettings.Of("Line", RelaySettings.Quick(
        $$""" "Tcp": { "Host": "localhost", "Port": {{((IPEndPoint)_device.LocalEndpoint).Port}}, "Tls": true } """));

    private Dictionary<string, string> Trusting() => new(StringComparer.Ordinal)
    {
        ["SSL_CERT_FILE"] = _files.Write("trusted.pem", _trusted.Pem),
        ["SSL_CERT_DIR"] = _files.Folder,
    };

    /// <summary>Answers each line with itself and an exclamation mark, one connection after the other.</summary>
    private async Task ServeAsync(X509Certificate2 certificate)
    {
        while (true)
        {
            try
            {
                using var socket = await _device.AcceptSocketAsync(TestContext.Current.CancellationToken);
                await using var tls = new SslStream(new NetworkStream(socket));
                await tls.AuthenticateAsServerAsync(certificate);
                using var reader = new StreamReader(tls);
                await using var writer = new StreamWriter(tls);
                writer.AutoFlush = true;
                while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line) await writer.WriteAsync(line + "!\n");
                _refused++;
            }
            catch (Exception error) when (error is IOException or AuthenticationException)
            {
                _refused++; // With TLS 1.3 the device learns of it only when it reads.
            }
            catch (SocketException)
            {
                return; // The device is switched off.
            }
        }
    }
}
