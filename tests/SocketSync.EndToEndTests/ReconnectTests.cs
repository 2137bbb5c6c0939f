using System.Net.Security;

namespace SocketSync.EndToEndTests;

/// <summary>Clients that come, ask, and go in every way, on one thread that moves bytes and on two, with TLS and without, while an operator pauses.</summary>
public sealed class ReconnectTests
{
    private const int Clients = 24;

    [Theory]
    [InlineData("Epoll", 1, false, 150)]
    [InlineData("Epoll", 2, false, 150)]
    [InlineData("Epoll", 2, true, 15)]
    [InlineData("Sockets", 1, false, 150)]
    [InlineData("Sockets", 2, false, 150)]
    public async Task EachGetsItsOwnRepliesAndTheGateStaysWhole(string engine, int ioThreads, bool isSecure, int connections)
    {
        using var files = new TestFiles();
        using var authority = new TestAuthority("authority");
        using var certificate = authority.Issue("localhost");
        var tls = $$"""
            , "Tls": { "Certificate": {
              "Path": "{{files.Write("server.pem", certificate.ExportCertificatePem())}}", "KeyPath": "{{files.Write("server.key", TestAuthority.KeyPem(certificate))}}" } }
            """;
        await using var server = await ServerProcess.StartAsync($$"""
            {{Operator.Setting}} "IoEngine": "{{engine}}", "IoThreads": {{ioThreads}},
            "Listeners": { "Default": { "Port": 0 {{(isSecure ? tls : "")}} }, "Other": { "Port": 0 } },
            "Resources": { "Default": { "Protocol": { "Name": "Line" } }, "Other": { "Protocol": { "Name": "Line" } } }
            """);
        var port = (await server.StatusAsync()).Listener.Port;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var pausing = PauseAgainAndAgainAsync(new Operator(server), stop.Token);

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(
            () => ComeAndGoAsync(port, client, connections, isSecure ? authority : null), TestContext.Current.CancellationToken)));

        await stop.CancelAsync();
        await pausing;
        var status = await server.WaitForStatusAsync(s => s.Listener.Connections == 0 && s.Resource is { QueueLength: 0, Turn: null, State: "Idle" });
        Assert.True(status.Resource.Completed >= Clients * connections * 2, $"{status}");
        using var other = await server.ConnectAsync("Other");
        Assert.Equal("still here", await other.AskAsync("still here"));
        Assert.DoesNotContain("Unhandled", server.Process.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("[ERR]", server.Process.Log, StringComparison.Ordinal);
    }

    private static async Task PauseAgainAndAgainAsync(Operator steering, CancellationToken stop)
    {
        // So that an echo has to wait, too.
        while (!stop.IsCancellationRequested)
        {
            await steering.PauseAsync();
            await steering.ResumeAsync();
        }
    }

    private static async Task ComeAndGoAsync(int port, int number, int connections, TestAuthority? authority)
    {
        var random = new Random(number);
        for (var i = 0; i < connections; i++)
        {
            using var client = await TestClient.ConnectAsync(port);
            if (authority is not null)
                await client.SecureAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = authority.OnlyTrusted() });
            for (var request = 0; request < 3; request++)
            {
                var line = $"{number} {i} {request}";
                Assert.Equal(line, await client.AskAsync(line));
            }

            switch (random.Next(3))
            {
                case 0:
                    client.Reset();
                    break;
                case 1:
                    await client.SendAsync("for nobody\n");
                    client.Reset();
                    break;
                default:
                    client.HalfClose();
                    await client.WaitForCloseAsync();
                    break;
            }
        }
    }
}
