using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace SocketSync.EndToEndTests;

/// <summary>
/// SIGHUP. The file is changed so that the server, which looks at its date and length, does not notice by itself. A changed
/// certificate it may have noticed a moment earlier; what counts is that the next handshake has it.
/// </summary>
public sealed class ReloadSignalTests : IDisposable
{
    private readonly TestFiles _files = new();
    private readonly TestAuthority _authority = new("SocketSync test authority");

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    [Fact]
    public async Task AChangedSettingOfAGateHoldsFromTheNextTurnOn()
    {
        await using var server = await ServerProcess.StartAsync(Held("Request"));
        using var client = await server.ConnectAsync();
        Assert.Equal("a", await client.AskAsync("a"));
        Assert.Null((await server.WaitForStatusAsync(s => s.Resource.Completed == 1)).Resource.Turn);

        server.ChangeFileUnnoticed(Held("Connection"));
        server.Process.HangUp();
        await server.WaitForLogAsync("SIGHUP: the configuration is applied to Default; there are no certificates");
        Assert.Equal("b", await client.AskAsync("b"));
        Assert.NotNull((await server.StatusAsync()).Resource.Turn); // Kept until the client leaves.

        server.Process.HangUp();
        await server.WaitForLogAsync("SIGHUP: the configuration is as before");
        Assert.Equal("c", await client.AskAsync("c"));
    }

    [Fact]
    public async Task AnInvalidFileIsLoggedAndChangesNothing()
    {
        await using var server = await ServerProcess.StartAsync(Held("Request"));
        using var client = await server.ConnectAsync();
        server.ChangeFileUnnoticed(Held("Forever"));
        server.Process.HangUp();
        await server.WaitForLogAsync("SIGHUP: the configuration is not applied, the old settings stay: SocketSync:Resources:Default:Gate:Hold");

        Assert.Equal("a", await client.AskAsync("a"));
        Assert.Null((await server.WaitForStatusAsync(s => s.Resource.Completed == 1)).Resource.Turn);
    }

    [Fact]
    public async Task AChangedCertificateIsServedToTheNextHandshake()
    {
        await using var server = await ServerProcess.StartAsync(Secured());
        var before = await ServedAsync(server);
        WriteCertificate();
        server.Process.HangUp();
        await server.WaitForLogAsync("SIGHUP: the configuration is as before; ");
        Assert.NotEqual(before, await ServedAsync(server), StringComparer.Ordinal);
    }

    [Fact]
    public async Task AnInvalidCertificateIsLoggedAndTheOldOneStays()
    {
        await using var server = await ServerProcess.StartAsync(Secured());
        var before = await ServedAsync(server);
        _files.Write("server.pem", "no certificate");
        for (var signals = 1; signals <= 2; signals++) // Told each time that one asks.
        {
            server.Process.HangUp();
            await Poll.UntilAsync(
                () => server.Process.Output.Count(l => l.Contains("; 1 of 1 certificates cannot be used, the former stay", StringComparison.Ordinal)) == signals,
                $"{signals} lines");
        }

        Assert.Equal(before, await ServedAsync(server));
    }

    [Fact]
    public async Task DuringTheDrainItIsHarmless()
    {
        using var device = new TcpListener(IPAddress.Loopback, 0);
        device.Start();
        await using var server = await ServerProcess.StartAsync(RelaySettings.Of(
            "Line", $$""" "Tcp": { "Host": "127.0.0.1", "Port": {{((IPEndPoint)device.LocalEndpoint).Port}} }, "ReplyTimeout": "00:01:00" """, """ "TurnTimeout": "00:02:00" """, """ "DrainTimeout": "00:01:00", """));
        using var link = await device.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        using var client = await server.ConnectAsync();
        await client.SendAsync("a\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);

        server.Process.Terminate();
        await server.WaitForReadinessAsync(HttpStatusCode.ServiceUnavailable);
        server.Process.HangUp();
        await server.WaitForLogAsync("SIGHUP: the server is stopping, nothing is read again");
        await link.GetStream().WriteAsync("b\n"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal("b", await client.ReadLineAsync());
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(10)));
    }

    /// <summary>Of the same length for any way to hold a turn.</summary>
    private static string Held(string hold) => $$"""
        "Listeners": { "Default": { "Port": 0 } },
        "Resources": { "Default": { "Protocol": { "Name": "Line" }, "Gate": { "Hold": {{$"\"{hold}\"",-12}} } } }
        """;

    private string Secured()
    {
        WriteCertificate();
        return $$"""
            "Listeners": { "Default": { "Port": 0, "Tls": { "Certificate": { "Path": "{{_files["server.pem"]}}" } } } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" } } }
            """;
    }

    private void WriteCertificate()
    {
        using var certificate = _authority.Issue("localhost");
        _files.Write("server.pem", certificate.ExportCertificatePem() + "\n" + TestAuthority.KeyPem(certificate));
    }

    private async Task<string> ServedAsync(ServerProcess server)
    {
        using var client = await server.ConnectAsync();
        using var certificate = await client.SecureAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = _authority.OnlyTrusted() });
        return certificate.GetCertHashString();
    }
}
