using System.Diagnostics;
using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text.RegularExpressions;

namespace SocketSync.EndToEndTests;

/// <summary>A stdout that is not read, or slowly, costs lines and nothing else.</summary>
[Collection(HeavyTests.Name)]
public sealed partial class UnreadLogTests : IDisposable
{
    /// <summary>More lines than the log's queue and a pipe hold.</summary>
    private const int Flood = 20_000;

    private const string Everything = """ "MinimumLevel": { "Default": "Debug", "Override": { "Microsoft": "Warning" } } """;

    private readonly TestFiles _files = new();
    private readonly TestAuthority _authority = new("SocketSync test authority");

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    [Theory, InlineData(0), InlineData(4096)]
    public async Task ItHoldsUpNeitherOthersNorHttpNorTheStop(int bytesPerSecond)
    {
        await using var device = new ScriptedDevice(new LineDialect(), async service =>
        {
            await service.AnswerAsync();
            service.HangUp();
        });
        await using var server = await UnreadServer.StartAsync(Settings(device), Everything);
        if (bytesPerSecond > 0) server.ReadSlowly(bytesPerSecond);
        var undisturbed = await ProbeAsync(server, Stopwatch.StartNew(), (_, probes) => probes < 200);

        await server.AskAsync("Default", Flood); // from here on nothing more goes out, or hardly anything
        var (hangUps, handshakes) = (HangUpsAsync(server, 327), HandshakesAsync(server, 653));
        var abuse = Task.WhenAll(hangUps, handshakes);
        var disturbed = await ProbeAsync(server, Stopwatch.StartNew(), (_, probes) => probes < 200 || !abuse.IsCompleted);
        await abuse;

        AssertAlike(undisturbed.Echo, disturbed.Echo);
        AssertAlike(undisturbed.Live, disturbed.Live);
        var (code, time) = await server.TerminateAsync();
        Assert.Equal(0, code);
        Assert.InRange(time, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task WhatWasLostIsToldWhenItIsReadAgain()
    {
        await using var server = await UnreadServer.StartAsync(Settings(device: null), Everything);
        await server.AskAsync("Default", Flood);
        server.Read();
        await server.AskAsync("Second", 10);
        Assert.Equal(0, (await server.TerminateAsync()).Code);

        var lines = await server.LinesAsync();
        var written = lines.Count(line => line.Contains("request of 2 bytes", StringComparison.Ordinal));
        var lost = lines.Sum(line => Lost().Match(line) is { Success: true } match ? long.Parse(match.Groups["count"].Value, CultureInfo.InvariantCulture) : 0);
        Assert.InRange(written, 1, Flood - 1);
        // Besides the requests, a handful of lines about connections may have been lost.
        Assert.InRange(written + lost, Flood, Flood + 50);
    }

    [GeneratedRegex(@"\[WRN\] (?<count>\d+) lines of the log are lost here", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Lost();

    private static async Task HangUpsAsync(UnreadServer server, int requests)
    {
        using var client = await server.ConnectAsync("Device");
        for (var i = 0; i < requests; i++) Assert.NotNull(await client.AskAsync($"{i}"));
    }

    private static async Task<(List<TimeSpan> Echo, List<TimeSpan> Live)> ProbeAsync(
        UnreadServer server, Stopwatch watch, Func<TimeSpan, int, bool> goesOn)
    {
        List<TimeSpan> echo = [], live = [];
        using var client = await server.ConnectAsync("Second");
        while (goesOn(watch.Elapsed, echo.Count))
        {
            var begun = watch.Elapsed;
            Assert.Equal("probe", await client.AskAsync("probe"));
            echo.Add(watch.Elapsed - begun);
            begun = watch.Elapsed;
            Assert.True(await server.IsLiveAsync());
            live.Add(watch.Elapsed - begun);
        }

        return (echo, live);
    }

    /// <summary>Generous, for two cores that are busy with handshakes: what hangs takes seconds, or for ever.</summary>
    private static void AssertAlike(List<TimeSpan> undisturbed, List<TimeSpan> disturbed)
    {
        undisturbed.Sort();
        disturbed.Sort();
        var bound = (20 * undisturbed[undisturbed.Count * 99 / 100]) + TimeSpan.FromMilliseconds(100);
        var p99 = disturbed[disturbed.Count * 99 / 100];
        TestContext.Current.TestOutputHelper?.WriteLine(
            $"p99 {undisturbed[undisturbed.Count * 99 / 100].TotalMilliseconds:F1} ms undisturbed, {p99.TotalMilliseconds:F1} ms disturbed, at most {disturbed[^1].TotalMilliseconds:F1} ms, of {disturbed.Count}");
        Assert.True(p99 <= bound, $"p99 was {p99}, more than {bound}");
        Assert.True(disturbed[^1] <= bound + TimeSpan.FromMilliseconds(400), $"the longest was {disturbed[^1]}, the bound {bound}");
    }

    private async Task HandshakesAsync(UnreadServer server, int handshakes)
    {
        var port = (await server.StatusAsync()).Listeners["Tls"].Port;
        using var stranger = new TestAuthority("SocketSync test authority");
        using var certificate = stranger.Issue("a client");
        for (var i = 0; i < handshakes; i++)
        {
            using var client = await TestClient.ConnectAsync(port);
            try
            {
                await client.SecureAsync(new SslClientAuthenticationOptions
                {
                    TargetHost = "localhost",
                    ClientCertificates = [certificate],
                    CertificateChainPolicy = _authority.OnlyTrusted(),
                });
                Assert.Equal("", await client.WaitForCloseAsync()); // With TLS 1.3 it learns of the refusal only now.
            }
            catch (Exception error) when (error is IOException or AuthenticationException)
            {
                // Refused during the handshake.
            }
        }
    }

    private string Settings(ScriptedDevice? device)
    {
        using var certificate = _authority.Issue("localhost");
        var key = _files.Write("server.key", TestAuthority.KeyPem(certificate));
        var path = _files.Write("server.pem", certificate.ExportCertificatePem());
        var authority = _files.Write("ca.pem", _authority.Pem);
        var relay = device is null ? "" : $$"""
            , "Device": { "Processor": "Relay", "Protocol": { "Name": "Line" }, "Link": { {{RelaySettings.Quick(device)}} } }
            """;
        return $$"""
            "Listeners": {
              "Default": { "Port": 0 }, "Second": { "Port": 0 }{{(device is null ? "" : ", \"Device\": { \"Port\": 0 }")}},
              "Tls": {
                "Port": 0, "Resource": "Default",
                "Tls": { "Certificate": { "Path": "{{path}}", "KeyPath": "{{key}}" }, "ClientCertificate": "Require", "ClientAuthority": "{{authority}}" } }
            },
            "Resources": { "Default": { "Protocol": { "Name": "Line" } }, "Second": { "Protocol": { "Name": "Line" } }{{relay}} }
            """;
    }
}
