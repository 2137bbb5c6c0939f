using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace SocketSync.Benchmarks;

/// <summary>What plaintext clients of one listener lose while a thousand clients at a time greet another one, which has TLS.</summary>
internal static class TlsBurst
{
    private const int Rate = 1000;

    public static async IAsyncEnumerable<Finding> MeasureAsync(int rounds, int handshakes, double seconds, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var place = new Workplace();
        await using var server = await MeasuredServer.StartConfiguredAsync(place.Write("tls.json", Configuration(place)), cancellationToken);
        var (plain, secure) = (await server.PortAsync("Default", cancellationToken), await server.PortAsync("Secure", cancellationToken));
        // Both ways are compiled first.
        await GreetAllAsync(secure, handshakes, cancellationToken);
        await AskAsync();

        var (alone, beside, greeted) = (new List<double?>(), new List<double?>(), new List<double?>());
        for (var i = 0; i < rounds; i++)
        {
            alone.Add(await AskAsync());
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var bursts = RepeatAsync(secure, handshakes, enough.Token);
            beside.Add(await AskAsync());
            await enough.CancelAsync();
            greeted.Add(await bursts);
        }

        yield return Finding.AtMost($"Bursts of {handshakes} TLS handshakes: p99 of plain echo, longer by", Middle(beside) - Middle(alone), 10, " ms");
        yield return Finding.Told("Without them: p99 of plain echo", Middle(alone), " ms");
        yield return Finding.Told("Handshakes meanwhile", Middle(greeted), "/s");

        async Task<double?> AskAsync()
        {
            var options = new CompareOptions { Rounds = 1, Seconds = seconds, Warmup = 0.5, Scenarios = [], Contestants = [] };
            var load = await LoadProcess.RunAsync(plain, new Scenario("plain", 8, 1), "Line", reconnect: false, [], options, cancellationToken, rate: Rate);
            return load.LatencyMicroseconds.P99 / 1000.0;
        }
    }

    private static double Middle(List<double?> values) => Median.Of(values)!.Value.Value;

    /// <returns>How many in a second.</returns>
    private static async Task<double> RepeatAsync(int port, int handshakes, CancellationToken cancellationToken)
    {
        var (count, start) = (0, Stopwatch.GetTimestamp());
        try
        {
            while (true)
            {
                await GreetAllAsync(port, handshakes, cancellationToken);
                count += handshakes;
            }
        }
        catch (OperationCanceledException)
        {
            return count / Stopwatch.GetElapsedTime(start).TotalSeconds;
        }
    }

    private static Task GreetAllAsync(int port, int handshakes, CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, handshakes).Select(_ => Task.Run(() => GreetAsync(port, cancellationToken), cancellationToken)));

    private static async Task GreetAsync(int port, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                AllowTlsResume = false, // each client is a new one
#pragma warning disable MA0039, CA5359 // The certificate was made a moment ago, for this.
                RemoteCertificateValidationCallback = static (_, _, _, _) => true,
#pragma warning restore MA0039, CA5359
            },
            cancellationToken);
    }

    private static string Configuration(Workplace place)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var tls = new { Certificate = new { Path = place.Write("cert.pem", certificate.ExportCertificatePem()), KeyPath = place.Write("key.pem", key.ExportPkcs8PrivateKeyPem()) } };
        return JsonSerializer.Serialize(new
        {
            SocketSync = new
            {
                Listeners = new
                {
                    Default = new { Port = 0, Resource = "Default", Address = "127.0.0.1" },
                    Secure = new { Port = 0, Resource = "Default", Address = "127.0.0.1", MaxConnections = 10_000, Tls = tls },
                },
                Resources = new { Default = new { Processor = "Echo", Protocol = new { Name = "Line" } } },
            },
        });
    }
}
