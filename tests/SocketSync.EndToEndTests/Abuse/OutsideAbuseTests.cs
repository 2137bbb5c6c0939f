using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace SocketSync.EndToEndTests;

/// <summary>Whatever those do who are no clients as yet, or read what the server prints, nobody who is served notices.</summary>
[Collection(HeavyTests.Name)]
public sealed class OutsideAbuseTests
{
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(3);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task HandshakesThatFail(bool isTls)
    {
        using var files = new TestFiles();
        using var authority = new TestAuthority("SocketSync test authority");
        using var certificate = authority.Issue("localhost");
        await using var server = await ServerProcess.StartAsync(SecondResource.Beside(""" "Protocol": { "Name": "Line" } """, $$"""
            "Tls": { "ClientCertificate": "Require", "ClientAuthority": "{{files.Write("ca.pem", authority.Pem)}}", "Certificate": {
              "Path": "{{files.Write("server.pem", certificate.ExportCertificatePem())}}", "KeyPath": "{{files.Write("server.key", TestAuthority.KeyPem(certificate))}}" } }
            """));
        using var second = await SecondResource.OfAsync(server);
        var port = (await server.StatusAsync()).Listener.Port;
        var failed = 0;
        await second.AssertUndisturbedAsync(Time, Fail, Fail);
        Assert.True(failed > 100, $"only {failed} handshakes failed");
        Assert.Equal(0, (await server.StatusAsync()).Resource.Completed);

        void Fail(CancellationToken end)
        {
            var bytes = new byte[1024];
            while (!end.IsCancellationRequested)
            {
                using var client = Abuser.Connect(port, end);
                try
                {
                    if (!isTls)
                    {
                        client.Send("this is no TLS at all\n"u8);
                        Abuser.Drain(client);
                    }
                    else
                    {
                        using var stream = new SslStream(new NetworkStream(client), leaveInnerStreamOpen: false);
                        stream.AuthenticateAsClient(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = authority.OnlyTrusted() }); // Without the certificate that is required; told when it reads.
                        while (stream.Read(bytes) > 0)
                        {
                            // To the end.
                        }
                    }
                }
                catch (Exception error) when (error is IOException or AuthenticationException or SocketException)
                {
                    // That is what is meant.
                }

                Interlocked.Increment(ref failed);
            }
        }
    }

    [Fact]
    public async Task AReaderOfStdoutThatHasStopped()
    {
        using var stdout = new StoppedReader();
        await using var server = await ServerProcess.StartPrintingToAsync(
            stdout.Path, SecondResource.Beside(""" "Protocol": { "Name": "Line" } """), """ "MinimumLevel": "Debug" """);
        using var second = await SecondResource.OfAsync(server);
        var port = (await server.StatusAsync()).Listener.Port;
        var lines = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("a line that is logged\n", 64)));
        await second.AssertUndisturbedAsync(Time, end =>
        {
            using var client = Abuser.Connect(port, end);
            Abuser.Sink(client);
            while (!end.IsCancellationRequested)
            {
                client.Send(lines);
                Thread.Sleep(10);
            }
        });
        Assert.True((await server.StatusAsync()).Resource.Completed > 1000, "nothing was served");
    }

    [Fact]
    public async Task HalfOpenHttp()
    {
        await using var server = await ServerProcess.StartAsync(SecondResource.Beside(""" "Protocol": { "Name": "Line" } """));
        using var second = await SecondResource.OfAsync(server);
        var opened = 0;
        await second.AssertUndisturbedAsync(Time, end =>
        {
            var open = new Queue<Socket>();
            while (!end.IsCancellationRequested)
            {
                open.Enqueue(Abuser.Connect(server.Http.BaseAddress!.Port, end));
                open.Last().Send("GET /api/status HTTP/1.1\r\nHost:"u8);
                opened++;
                if (open.Count > 60) open.Dequeue().Dispose();
                Thread.Sleep(2);
            }

            while (open.TryDequeue(out var one)) one.Dispose();
        });
        Assert.True(opened > 100, $"only {opened} were opened");
    }
}
