using System.Diagnostics;
using System.Net;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>At the stop HTTP has a second after the drain, whatever is open on it.</summary>
public sealed class HttpStopTests : IDisposable
{
    /// <summary>Far less than what a host gives itself to stop, DrainTimeout and 5 s; a second for HTTP, one for what ignores that it is cut, and some for a busy machine.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(5);

    private readonly TestFiles _files = new();
    private readonly List<TestClient> _open = [];

    public void Dispose()
    {
        _open.ForEach(client => client.Dispose());
        _files.Dispose();
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("half a head")]
    [InlineData("half a body")]
    [InlineData("kept alive")]
    [InlineData("answers that are not read")]
    [InlineData("events that are not read")]
    [InlineData("a trace")]
    [InlineData("a page's socket")]
    [InlineData("an endpoint that never answers")]
    [InlineData("all of it")]
    public async Task NothingOpenOnHttpHoldsItUp(string what)
    {
        await using var server = await ServerProcess.StartTestHostAsync(Operator.Setting + Settings.Scripted());
        await OpenAsync(server, what);

        var watch = Stopwatch.StartNew();
        server.Process.Terminate();
        Assert.Equal(0, await server.Process.ExitAsync(Soon));
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {watch.Elapsed}");
        foreach (var client in _open) await client.WaitForCloseAsync();
    }

    [Fact]
    public async Task WithAProcessorThatNeverReturnsItEndsBeforeAContainerIsKilled()
    {
        await using var server = await ServerProcess.StartTestHostAsync(Operator.Setting + Settings.Scripted());
        using var stuck = await server.ConnectAsync();
        using var waiting = await server.ConnectAsync();
        await stuck.SendAsync("ignore key\n");
        await server.WaitForStatusAsync(s => s.Resource.Turn is not null);
        await waiting.SendAsync("waiting\n");
        await server.WaitForStatusAsync(s => s.Resource.QueueLength == 1);
        await OpenAsync(server, "all of it");

        server.Process.Terminate();
        // HTTP tells how it goes until the drain is over.
        await server.WaitForReadinessAsync(HttpStatusCode.ServiceUnavailable);
        var refused = waiting.ReadToEndAsync();
        while (!refused.IsCompleted && await IsDrainingAsync(server))
            await Task.WhenAny(refused, Task.Delay(100, TestContext.Current.CancellationToken));
        Assert.StartsWith("ERROR unavailable ", await refused, StringComparison.Ordinal);
        Assert.Equal(0, await server.Process.ExitAsync(TimeSpan.FromSeconds(10)));
    }

    [Theory]
    [InlineData("nothing", "plain")]
    [InlineData("no handshake", "secure")]
    [InlineData("half a frame", "only two")]
    [InlineData("an idle connection", "only two")]
    public async Task TlsAndHttp2DoNotEither(string what, string where)
    {
        using var authority = new TestAuthority("SocketSync test authority");
        using var certificate = authority.Issue("localhost");
        var ports = new Dictionary<string, int>(StringComparer.Ordinal) { ["plain"] = FreePort.Next(), ["secure"] = FreePort.Next(), ["only two"] = FreePort.Next() };
        var pem = _files.Write("server.pem", certificate.ExportCertificatePem());
        var key = _files.Write("server.key", TestAuthority.KeyPem(certificate));
        var file = _files.Write("appsettings.json", $$"""
            {
              "SocketSync": { {{Settings.EchoLines}} },
              "Kestrel": {
                "Endpoints": {
                  "Plain": { "Url": "http://localhost:{{ports["plain"]}}" },
                  "Secure": { "Url": "https://localhost:{{ports["secure"]}}", "Certificate": { "Path": "{{pem}}", "KeyPath": "{{key}}" } },
                  "OnlyTwo": { "Url": "http://localhost:{{ports["only two"]}}", "Protocols": "Http2" }
                }
              }
            }
            """);
        await using var server = new ChildProcess("dotnet", [ServerProcess.Assembly("ServerAssembly"), "--config", file]);
        await Poll.UntilAsync(() => server.Log.Contains("Listening: ", StringComparison.Ordinal), "it listens", TimeSpan.FromSeconds(30));

        var client = await TestClient.ConnectAsync(ports[where]);
        _open.Add(client);
        const string Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        await client.SendAsync(what switch
        {
            "half a frame" => Preface + "\0\0\x40\x01\x04\0\0\0\x01half",
            "an idle connection" => Preface,
            _ => "",
        });
        if (where == "only two") await client.ReadAsync(9); // the server's settings

        server.Terminate();
        Assert.Equal(0, await server.ExitAsync(Soon));
    }

    private static async Task<bool> IsDrainingAsync(ServerProcess server)
    {
        try
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, await server.ReadinessAsync());
            return true;
        }
        catch (HttpRequestException)
        {
            return false; // The drain is over; the client is being told.
        }
    }

    private async Task OpenAsync(ServerProcess server, string what)
    {
        string[] all = ["half a head", "half a body", "kept alive", "answers that are not read", "events that are not read", "a trace", "a page's socket", "an endpoint that never answers"];
        foreach (var kind in what == "all of it" ? all : what == "nothing" ? [] : [what])
        {
            var client = await TestClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Http.BaseAddress!.Port), receiveBuffer: 4096);
            _open.Add(client);
            const string Host = " HTTP/1.1\r\nHost: localhost\r\n";
            await client.SendAsync(kind switch
            {
                "half a head" => $"GET /health/live{Host}X-Half: ",
                "half a body" => $"POST /_blazor/disconnect{Host}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nhalf",
                "kept alive" => $"GET /health/live{Host}\r\n",
                "answers that are not read" => string.Concat(Enumerable.Repeat($"GET /_page/MudBlazor.min.css{Host}\r\n", 50)),
                "events that are not read" => $"GET /api/events{Host}\r\n",
                "a trace" => $"GET /api/resources/Default/trace{Host}Authorization: Bearer {Operator.Token}\r\n\r\n",
                "a page's socket" => $"GET /_page/hub{Host}Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                    + $"Sec-WebSocket-Key: {Convert.ToBase64String(Encoding.ASCII.GetBytes("0123456789abcdef"))}\r\n\r\n",
                _ => $"GET /test/hang/for-ever{Host}\r\n",
            });
            if (kind is "kept alive" or "answers that are not read" or "events that are not read" or "a trace" or "a page's socket")
                Assert.StartsWith("HTTP/1.1 ", await client.ReadLineAsync(), StringComparison.Ordinal);
        }

        // Whatever was sent before has been taken in when another is answered.
        await server.StatusAsync();
    }
}
