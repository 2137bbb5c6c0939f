using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace SocketSync.Tests;

public sealed class HttpConnectionLimitTests : IDisposable
{
    private const string Request = "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";
    private const string Events = "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("socketsync-");
    private readonly RecordingLogs _logs = new();
    private readonly FakeTimeProvider _time = new();
    private HttpConnectionLimit? _limit;

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("""{ "urls": "http://127.0.0.1:0;http://127.0.0.1:0" }""")]
    [InlineData("""{ "Kestrel": { "Endpoints": { "A": { "Url": "http://127.0.0.1:0" }, "B": { "Url": "http://127.0.0.1:0" } } } }""")]
    public async Task TheLongestSilentOfAllEndpointsGivesWayToANewOne(string json)
    {
        await using var app = await StartAsync(json, maximum: 2, DescriptorReserve.OfThisProcess);
        var ports = HttpPorts(app);
        using var first = await ConnectAsync(ports[0]);
        using var second = await ConnectAsync(ports[1]);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(second), StringComparison.Ordinal);
        await UntilSilentAsync(2); // a request is over a moment after its answer
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(first), StringComparison.Ordinal); // It is silent since later.
        await UntilSilentAsync(2);

        using var third = await ConnectAsync(ports[0]);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(third), StringComparison.Ordinal);
        Assert.Equal("", await ReadAsync(second));
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(first), StringComparison.Ordinal);

        using var client = await ConnectAsync(app.Services.GetRequiredService<Topology>().Bound.EndPoints[0].Port!.Value);
        Assert.NotEmpty(await AskAsync(client)); // the echo: listeners are not counted
        Assert.StartsWith("HTTP: 2 connections are open", Assert.Single(_logs.Of(LogLevel.Warning)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WhoIsBeingServedDoesNotGiveWay()
    {
        await using var app = await StartAsync("""{ "urls": "http://127.0.0.1:0" }""", maximum: 2, DescriptorReserve.OfThisProcess);
        var port = HttpPorts(app)[0];
        using var first = await ConnectAsync(port);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(first, Events), StringComparison.Ordinal);
        using var second = await ConnectAsync(port);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(second, Events), StringComparison.Ordinal);
        using (var third = await ConnectAsync(port))
            Assert.Equal("", await AskAsync(third));

        second.Dispose();
        using var limit = new CancellationTokenSource(ListenerTransportClient.Limit);
        while (!await IsServedAsync(port))
            Assert.False(limit.IsCancellationRequested, "no place is free again");
        Assert.True(first.Poll(0, SelectMode.SelectWrite) && !IsClosed(first));
    }

    [Fact]
    public async Task TheLastDescriptorsAreKeptFreeOfHttpToo()
    {
        await using var app = await StartAsync("""{ "urls": "http://127.0.0.1:0" }""", HttpConnectionLimit.Most, new DescriptorReserve(limit: 1));
        using var connection = await ConnectAsync(HttpPorts(app)[0]);
        Assert.Equal("", await AskAsync(connection));
    }

    [Theory]
    [InlineData("", 5)]
    [InlineData(Request, 5)]
    [InlineData(Request + Request, 5)]
    [InlineData("GET /health/live HTTP/1.1\r\nHo", 7)]
    [InlineData("G", 7)]
    [InlineData(Request + "GET", 7)]
    [InlineData("GET /health/live HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf", 7)]
    public async Task WhoIsSilentIsClosed(string sent, int seconds)
    {
        // A host of one's own, whose HTTP has no such limits itself.
        await using var app = await StartHostAsync("http://127.0.0.1:0");
        var port = HttpPorts(app)[0];
        using var events = await ConnectAsync(port);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(events, Events), StringComparison.Ordinal);

        await WhoIsSilentIsClosedAsync(port, sent, seconds);

        Assert.False(IsClosed(events)); // It is served, and has sent nothing for as long.
    }

    [Fact]
    public async Task WhoBeginsNoHandshakeIsClosed()
    {
        using var authority = new TlsTestAuthority();
        using var certificate = authority.Sign("localhost");
        var file = Path.Combine(_directory.FullName, "c.pfx");
        await File.WriteAllBytesAsync(file, certificate.Export(X509ContentType.Pfx, "p"), TestContext.Current.CancellationToken);
        await using var app = await StartHostAsync("https://127.0.0.1:0", ("Kestrel:Certificates:Default:Path", file), ("Kestrel:Certificates:Default:Password", "p"));
        var port = HttpPorts(app)[0];
        await WhoIsSilentIsClosedAsync(port, "", 7);
        await WhoIsSilentIsClosedAsync(port, "\x16\x03\x01", 7);

        // Nor is it enough to have had one.
        using var connection = await ConnectAsync(port);
        await using var tls = new SslStream(new NetworkStream(connection));
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.Add(authority.Certificate);
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = trust }, TestContext.Current.CancellationToken);
        _time.Advance(HttpConnectionLimit.SilenceTime);
        Assert.Equal(0, await tls.ReadAsync(new byte[1], TestContext.Current.CancellationToken).AsTask().WaitAsync(ListenerTransportClient.Limit, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task AByteNowAndThenIsSilenceToo()
    {
        await using var app = await StartHostAsync("http://127.0.0.1:0");
        using var slow = await ConnectAsync(HttpPorts(app)[0]);
        await UntilSilentAsync(1);
        await slow.SendAsync("G"u8.ToArray());
        _time.Advance(TimeSpan.FromSeconds(4));
        await slow.SendAsync("E"u8.ToArray());
        Assert.False(IsClosed(slow));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal("", await ReadAsync(slow));
    }

    /// <summary>It is, while another, who came later, is not.</summary>
    private async Task WhoIsSilentIsClosedAsync(int port, string sent, int seconds)
    {
        await UntilSilentAsync(0); // Those before have gone.
        using var silent = await ConnectAsync(port);
        var answers = sent.Split(Request).Length - 1;
        await silent.SendAsync(Encoding.ASCII.GetBytes(sent));
        while (answers > 0) answers -= (await ReadAsync(silent)).Split("Healthy").Length - 1;

        await UntilSilentAsync(1);
        _time.Advance(TimeSpan.FromSeconds(4));
        using var later = await ConnectAsync(port);
        await UntilSilentAsync(2);
        Assert.False(IsClosed(silent));
        _time.Advance(TimeSpan.FromSeconds(seconds - 4));
        while ((await ReadAsync(silent)).Length > 0) // A request whose body never came is answered.
        {
        }

        Assert.False(IsClosed(later));
    }

    private Task UntilSilentAsync(int count) => SyncHost.Until(() => _limit!.SilentCount == count, $"{count} are silent");

    private async Task<WebApplication> StartHostAsync(string url, params (string Key, string Value)[] keys)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Configuration["SocketSync:Listeners:Default:Port"] = "0";
        builder.Configuration["urls"] = url;
        foreach (var (key, value) in keys) builder.Configuration[key] = value;
        builder.Logging.ClearProviders().AddProvider(_logs);
        builder.AddSocketSync();
        builder.Services.AddSingleton(services => new HttpConnectionLimit(
            HttpConnectionLimit.Most, DescriptorReserve.OfThisProcess, _time, services.GetRequiredService<ILogger<HttpConnectionLimit>>()));
        var app = builder.Build();
        app.MapSocketSync();
        await app.StartAsync(TestContext.Current.CancellationToken);
        _limit = app.Services.GetRequiredService<HttpConnectionLimit>();
        return app;
    }

    private async Task<WebApplication> StartAsync(string json, int maximum, DescriptorReserve descriptors)
    {
        var file = Path.Combine(_directory.FullName, "settings.json");
        await File.WriteAllTextAsync(file, json);
        var keys = new Dictionary<string, string?>(StringComparer.Ordinal) { ["SocketSync:Listeners:Default:Port"] = "0" };
        var builder = RunCommand.CreateBuilder(new(file, keys), environment: null);
        builder.Logging.AddProvider(_logs);
        builder.Services.AddRouting();
        builder.AddSocketSync();
        builder.Services.AddSingleton(services => new HttpConnectionLimit(
            maximum, descriptors, TimeProvider.System, services.GetRequiredService<ILogger<HttpConnectionLimit>>()));
        var app = builder.Build();
        app.MapSocketSync();
        await app.StartAsync(TestContext.Current.CancellationToken);
        _limit = app.Services.GetRequiredService<HttpConnectionLimit>();
        return app;
    }

    private static List<int> HttpPorts(WebApplication app) =>
        [.. app.Urls.Select(u => new Uri(u).Port).Except(app.Services.GetRequiredService<Topology>().Bound.EndPoints.Select(e => e.Port!.Value))];

    private static async Task<Socket> ConnectAsync(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return socket;
    }

    private static async Task<bool> IsServedAsync(int port)
    {
        using var connection = await ConnectAsync(port);
        return (await AskAsync(connection)).Length > 0;
    }

    private static bool IsClosed(Socket connection) => connection.Poll(0, SelectMode.SelectRead) && connection.Available == 0;

    /// <summary>What answers a request; nothing where the connection is closed.</summary>
    private static async Task<string> AskAsync(Socket connection, string request = Request)
    {
        try
        {
            await connection.SendAsync(Encoding.ASCII.GetBytes(request));
        }
        catch (SocketException)
        {
            return "";
        }

        var answer = await ReadAsync(connection);
        // Its end may come in a piece of its own, and would else be taken for the next answer.
        while (request == Request && answer.Contains("chunked", StringComparison.Ordinal) && !answer.EndsWith("0\r\n\r\n", StringComparison.Ordinal)
            && await ReadAsync(connection) is { Length: > 0 } more)
            answer += more;
        return answer;
    }

    private static async Task<string> ReadAsync(Socket connection)
    {
        var buffer = new byte[4096];
        try
        {
            using var limit = new CancellationTokenSource(ListenerTransportClient.Limit);
            return Encoding.ASCII.GetString(buffer, 0, await connection.ReceiveAsync(buffer, limit.Token));
        }
        catch (SocketException)
        {
            return ""; // closed with something unread, which is a reset
        }
    }
}
