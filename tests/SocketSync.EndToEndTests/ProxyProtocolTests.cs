using System.Diagnostics;
using System.Net.Security;

namespace SocketSync.EndToEndTests;

/// <summary>The server behind a proxy, which the tests are.</summary>
public sealed class ProxyProtocolTests
{
    private const string Proxied = """
        "ProxyProtocol": true, "TrustedProxies": [ "127.0.0.1/32" ]
        """;

    [Fact]
    public async Task TheClientsAddressIsWhatTheStatusTells()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Listener(Proxied, "Scripted"));
        using var text = await server.ConnectAsync();
        using var binary = await server.ConnectAsync();
        await text.SendAsync("PROXY TCP4 192.0.2.7 192.0.2.8 4711 80\r\nhold text\n");
        var status = await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        Assert.Equal("192.0.2.7:4711", status.Resource.Turn!.RemoteEndPoint);
        await server.ReleaseAsync("text");
        Assert.Equal("hold text", await text.ReadLineAsync());

        // PROXY, TCP over IPv6, 36 bytes: [2001:db8::7]:4711 to [2001:db8::8]:80.
        await binary.SendAsync("\r\n\r\n\0\r\nQUIT\n\u0021\u0021\0\u0024"
            + " \u0001\r\u00b8\0\0\0\0\0\0\0\0\0\0\0\a" + " \u0001\r\u00b8\0\0\0\0\0\0\0\0\0\0\0\b" + "\u0012\u0067\0P" + "hold binary\n");
        status = await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        Assert.Equal("[2001:db8::7]:4711", status.Resource.Turn!.RemoteEndPoint);
        await server.ReleaseAsync("binary");
        Assert.Equal("hold binary", await binary.ReadLineAsync());
    }

    [Fact]
    public async Task TheAllowListJudgesTheClientAndNotTheProxy()
    {
        await using var server = await ServerProcess.StartAsync(Listener(Proxied + """, "AllowedNetworks": [ "192.0.2.0/24" ] """));
        using var allowed = await server.ConnectAsync();
        using var other = await server.ConnectAsync();
        using var probe = await server.ConnectAsync();
        Assert.Equal("a", await AskAsync(allowed, "PROXY TCP4 192.0.2.7 192.0.2.8 4711 80\r\n"));
        Assert.Null(await AskAsync(other, "PROXY TCP4 198.51.100.7 192.0.2.8 4711 80\r\n"));
        Assert.Null(await AskAsync(probe, "PROXY UNKNOWN\r\n")); // The proxy's own address counts, which is not allowed.
        var status = await server.WaitForStatusAsync(s => s.Listener is { Rejected: 2, Connections: 1 });
        Assert.Equal((1, 1L), (status.Listener.Accepted, status.Resource.Completed));
    }

    [Fact]
    public async Task WhereTheProxySpeaksForItselfItsOwnAddressCounts()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Listener(Proxied, "Scripted"));
        using var client = await server.ConnectAsync();
        await client.SendAsync("\r\n\r\n\0\r\nQUIT\n\u0020\0\0\0hold key\n");
        var status = await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        Assert.Equal($"{client.Socket.LocalEndPoint}", status.Resource.Turn!.RemoteEndPoint);
        await server.ReleaseAsync("key");
    }

    [Fact]
    public async Task AStrangerIsClosedAndCountedHoweverGoodItsHeader()
    {
        await using var server = await ServerProcess.StartAsync(Listener("""
            "ProxyProtocol": true, "TrustedProxies": [ "192.0.2.1/32" ]
            """));
        for (var i = 1; i <= 5; i++)
        {
            using var stranger = await server.ConnectAsync();
            Assert.Null(await AskAsync(stranger, "PROXY TCP4 192.0.2.1 192.0.2.8 4711 80\r\n"));
            await server.WaitForStatusAsync(s => s.Listener.Rejected == i);
        }

        Assert.Equal(0, (await server.StatusAsync()).Listener.Accepted);
        Assert.Single(server.Process.Log.Split('\n'), line => line.Contains("TrustedProxies", StringComparison.Ordinal));
        Assert.Equal(System.Net.HttpStatusCode.OK, await server.ReadinessAsync());
    }

    [Theory]
    [InlineData("a\n")]
    [InlineData("PROXY TCP4 a b c d\r\na\n")]
    public async Task AConnectionWithoutAHeaderIsClosedUnserved(string bytes)
    {
        await using var server = await ServerProcess.StartAsync(Listener(Proxied));
        using var client = await server.ConnectAsync();
        await client.SendAsync(bytes);
        Assert.Equal("", await client.WaitForCloseAsync());
        var status = await server.WaitForStatusAsync(s => s.Listener is { Rejected: 1, Connections: 0 });
        Assert.Equal((0, 0L), (status.Listener.Accepted, status.Resource.Completed));
        await server.WaitForLogAsync("PROXY header");
    }

    [Fact]
    public async Task SlowHeadersAreBoundedByTheLimitAndClosedInTime()
    {
        await using var server = await ServerProcess.StartAsync(Listener(Proxied + """, "FrameTimeout": "00:00:01", "MaxConnections": 2 """));
        using var silent = await server.ConnectAsync();
        using var slow = await server.ConnectAsync();
        await slow.SendAsync("PROXY TCP4 192.0.2.7 ");
        await server.WaitForStatusAsync(s => s.Listener.Connections == 2);
        using var third = await server.ConnectAsync();
        Assert.Equal("", await third.WaitForCloseAsync());
        Assert.Equal(System.Net.HttpStatusCode.OK, await server.ReadinessAsync());

        Assert.Equal("", await silent.WaitForCloseAsync());
        Assert.Equal("", await slow.WaitForCloseAsync());
        await server.WaitForStatusAsync(s => s.Listener is { Rejected: 3, Connections: 0 });
        using var client = await server.ConnectAsync();
        Assert.Equal("a", await AskAsync(client, "PROXY TCP4 192.0.2.7 192.0.2.8 4711 80\r\n"));
    }

    [Fact]
    public async Task ItComesBeforeTls()
    {
        using var files = new TestFiles();
        using var authority = new TestAuthority("SocketSync test authority");
        using var certificate = authority.Issue("localhost");
        var key = files.Write("server.key", TestAuthority.KeyPem(certificate));
        var path = files.Write("server.pem", certificate.ExportCertificatePem());
        await using var server = await ServerProcess.StartTestHostAsync(Listener(
            Proxied + $$""", "Tls": { "Certificate": { "Path": "{{path}}", "KeyPath": "{{key}}" } } """, "Scripted"));
        using var client = await server.ConnectAsync();
        await client.SendAsync("PROXY TCP4 192.0.2.7 192.0.2.8 4711 80\r\n");
        await client.SecureAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = authority.OnlyTrusted() });
        await client.SendAsync("hold key\n");
        var status = await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        Assert.Equal("192.0.2.7:4711", status.Resource.Turn!.RemoteEndPoint);
        await server.ReleaseAsync("key");
        Assert.Equal("hold key", await client.ReadLineAsync());

        using var bare = await server.ConnectAsync();
        await Assert.ThrowsAnyAsync<Exception>(() => bare.SecureAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }));
        await server.WaitForStatusAsync(s => s.Listener.Rejected == 1);
    }

    [Fact]
    public async Task HalfAHeaderDoesNotHoldTheStopUp()
    {
        await using var server = await ServerProcess.StartAsync(Listener(Proxied));
        using var silent = await server.ConnectAsync();
        using var half = await server.ConnectAsync();
        await half.SendAsync("PROXY TCP4 ");
        await server.WaitForStatusAsync(s => s.Listener.Connections == 2);

        var watch = Stopwatch.StartNew();
        server.Process.Terminate();
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(10)));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"it took {watch.Elapsed}");
        Assert.Equal("", await half.WaitForCloseAsync());
        Assert.DoesNotContain("PROXY header", server.Process.Log, StringComparison.Ordinal);
    }

    private static async Task<string?> AskAsync(TestClient client, string header)
    {
        try
        {
            await client.SendAsync(header + "a\n");
            return await client.ReadLineAsync();
        }
        catch (IOException)
        {
            return null; // Closed by a reset.
        }
    }

    private static string Listener(string settings, string processor = "Echo") => $$"""
        "Listeners": { "Default": { "Port": 0, "Address": "127.0.0.1", {{settings}} } },
        "Resources": { "Default": { "Processor": "{{processor}}", "Protocol": { "Name": "Line" } } }
        """;
}
