using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text.Json;

namespace SocketSync.EndToEndTests;

/// <summary>
/// A device that is lost after each reply: a hundred reopenings leave the server with as many descriptors and threads as
/// before. Its collector, which would close what was forgotten, has no reason to run: the youngest generation may grow to 256 MB.
/// </summary>
public sealed class ReopeningTests : IDisposable
{
    private const int Times = 100;

    /// <summary>What the server may open or start for other reasons, far less than one for each time.</summary>
    private const int Slack = 10;

    /// <summary>Answers one line and ends; before that it leaves a program behind that nothing tells from a stranger, and that keeps all its pipes.</summary>
    private const string LeavesAnHeir = """
        (env -i setsid sh -c 'echo $$ >"$0"; exec sleep 600' "$HEIRS.$$" &)
        read -r line; while ! test -s "$HEIRS.$$"; do sleep 0.01; done; echo "=$line"; exit 0
        """;

    private readonly TestFiles _files = new();
    private readonly TestAuthority _trusted = new("Trusted test authority");

    public void Dispose()
    {
        _trusted.Dispose();
        _files.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OfATcpLinkLeaveNothing(bool tls)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var certificate = _trusted.Issue("localhost");
        var serving = ServeAsync(async () =>
        {
            using var socket = await listener.AcceptSocketAsync();
            if (!tls)
            {
                await using var plain = new NetworkStream(socket);
                await AnswerOnceAsync(plain);
                return;
            }

            await using var secure = new SslStream(new NetworkStream(socket));
            await secure.AuthenticateAsServerAsync(certificate);
            await AnswerOnceAsync(secure);
        });
        await FlatAsync($$""" "Tcp": { "Host": "localhost", "Port": {{((IPEndPoint)listener.LocalEndpoint).Port}}, "Tls": {{(tls ? "true" : "false")}} } """);
        listener.Stop();
        await serving;
    }

    [Fact]
    public async Task OfAProcessLeaveNothing() => await FlatAsync(Program("""read -r line; echo "=$line"; exit 0"""));

    [Fact]
    public async Task OfAProcessWhoseDescendantKeepsItsPipesLeaveNothing()
    {
        Tool.Require("setsid", "env");
        try
        {
            await FlatAsync(Program(LeavesAnHeir));
            Assert.True(Heirs().Count >= Times, "they have not kept the pipes");
        }
        finally
        {
            foreach (var id in Heirs())
            {
                using var heir = System.Diagnostics.Process.GetProcessById(id);
                heir.Kill();
            }
        }

        List<int> Heirs() => [.. Directory.GetFiles(_files.Folder, "heirs.*").SelectMany(File.ReadAllLines).Select(id => int.Parse(id, CultureInfo.InvariantCulture)).Where(id => File.Exists($"/proc/{id}/stat"))];
    }

    private string Program(string script) => $$"""
        "Process": { "FileName": "/bin/sh", "Arguments": ["-c", {{JsonSerializer.Serialize(script)}}], "Environment": { "HEIRS": "{{_files["heirs"]}}" } }
        """;

    private async Task FlatAsync(string link)
    {
        var settings = RelaySettings.Of("Line", $$"""{{link}}, "ReconnectDelay": "00:00:00.001", "MaxReconnectDelay": "00:00:00.100" """);
        await using var server = await ServerProcess.StartAsync(settings, environment: new(StringComparer.Ordinal)
        {
            ["DOTNET_GCgen0size"] = "0x10000000",
            ["SSL_CERT_FILE"] = _files.Write("trusted.pem", _trusted.Pem),
            ["SSL_CERT_DIR"] = _files.Folder,
        });
        using var client = await server.ConnectAsync();
        await ReopenAsync(10);
        var (files, threads) = (server.Process.OpenFiles, Threads());
        await ReopenAsync(10 + Times);
        await Poll.UntilAsync(
            () => Task.FromResult(server.Process.OpenFiles <= files + Slack && Threads() <= threads + Slack),
            () => $"it had {files} files open and {threads} threads, now {server.Process.OpenFiles} and {Threads()}");

        int Threads() => Directory.GetDirectories($"/proc/{server.Process.Id}/task").Length;

        async Task ReopenAsync(long times)
        {
            while ((await server.StatusAsync()).Resource.Link!.Connects < times)
            {
                var reply = await client.AskAsync("x");
                Assert.True(reply == "=x" || reply!.StartsWith("ERROR unavailable", StringComparison.Ordinal), reply);
            }
        }
    }

    private static async Task ServeAsync(Func<Task> once)
    {
        while (true)
        {
            try
            {
                await once();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return; // The device is switched off.
            }
            catch (IOException)
            {
                // The server has left, and comes back.
            }
        }
    }

    private static async Task AnswerOnceAsync(Stream stream)
    {
        var request = new byte[2];
        await stream.ReadExactlyAsync(request);
        await stream.WriteAsync("=x\n"u8.ToArray());
    }
}
