using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

public sealed class HttpConnectionLimitTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("socketsync-");
    private readonly RecordingLogs _logs = new();

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("""{ "urls": "http://127.0.0.1:0;http://127.0.0.1:0" }""")]
    [InlineData("""{ "Kestrel": { "Endpoints": { "A": { "Url": "http://127.0.0.1:0" }, "B": { "Url": "http://127.0.0.1:0" } } } }""")]
    public async Task AllEndpointsTogetherHaveSoManyConnections(string json)
    {
        await using var app = await StartAsync(json, maximum: 2, DescriptorReserve.OfThisProcess);
        var ports = HttpPorts(app);
        var first = await ConnectAsync(ports[0]);
        using var second = await ConnectAsync(ports[1]);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(first), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(second), StringComparison.Ordinal);

        foreach (var port in ports)
        {
            using var third = await ConnectAsync(port);
            Assert.Equal("", await AskAsync(third));
        }

        using var client = await ConnectAsync(app.Services.GetRequiredService<Topology>().Bound.EndPoints[0].Port!.Value);
        Assert.NotEmpty(await AskAsync(client)); // the echo: listeners are not counted
        Assert.StartsWith("HTTP: new connections are closed at once, for 2 are open", Assert.Single(_logs.Of(LogLevel.Warning)).Text, StringComparison.Ordinal);

        first.Dispose();
        using var limit = new CancellationTokenSource(ListenerTransportClient.Limit);
        while (!await IsServedAsync(ports[1]))
            Assert.False(limit.IsCancellationRequested, "no place is free again");
    }

    [Fact]
    public async Task TheLastDescriptorsAreKeptFreeOfHttpToo()
    {
        await using var app = await StartAsync("""{ "urls": "http://127.0.0.1:0" }""", HttpConnectionLimit.Most, new DescriptorReserve(limit: 1));
        using var connection = await ConnectAsync(HttpPorts(app)[0]);
        Assert.Equal("", await AskAsync(connection));
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

    /// <summary>What answers a request; nothing where the connection is closed.</summary>
    private static async Task<string> AskAsync(Socket connection)
    {
        var buffer = new byte[4096];
        try
        {
            await connection.SendAsync("GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
            using var limit = new CancellationTokenSource(ListenerTransportClient.Limit);
            return Encoding.ASCII.GetString(buffer, 0, await connection.ReceiveAsync(buffer, limit.Token));
        }
        catch (SocketException)
        {
            return ""; // closed with the request unread, which is a reset
        }
    }
}
