using System.Net.Security;

namespace SocketSync.EndToEndTests;

/// <summary>Where a processor's code runs, with the runtime's sockets set as in the shipped server.</summary>
public sealed class DispatcherTests : IDisposable
{
    private static readonly Dictionary<string, string> InlineCompletions = new(StringComparer.Ordinal)
    {
        ["DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS"] = "1",
        ["DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT"] = "1",
    };

    private readonly TestFiles _files = new();
    private readonly TestAuthority _authority = new("SocketSync test authority");

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    /// <summary>
    /// Rule 1: what never blocks runs on the I/O thread, without a hop. After an await of a socket of its own it is where the runtime
    /// continues it: on the thread that waits for its sockets, or, if that was quicker, on the pool.
    /// </summary>
    [Fact]
    public async Task AProcessorThatNeverBlocksRunsOnTheIoThread()
    {
        await using var server = await StartAsync("WhereNeverBlocking");
        for (var i = 0; i < 20; i++)
        {
            using var client = await server.ConnectAsync();
            Assert.StartsWith("io ", await AskAsync(client), StringComparison.Ordinal);
        }
    }

    /// <summary>The same where the runtime's thread is the only one that waits for sockets.</summary>
    [Fact]
    public async Task WithoutAnEventLoopItIsThereAfterItsAwaitsToo()
    {
        await using var server = await StartAsync("WhereNeverBlocking", engine: "Sockets");
        using var client = await server.ConnectAsync();
        Assert.Equal("io io io io", await AskAsync(client));
    }

    /// <summary>Rules 3 and 4: what may block runs on the pool, also after an await of its own socket or of its client.</summary>
    [Fact]
    public async Task AProcessorThatMayBlockStaysOnThePool()
    {
        await using var server = await StartAsync("Where");
        using var client = await server.ConnectAsync();
        for (var i = 0; i < 20; i++) Assert.Equal("pool pool pool pool", await AskAsync(client));
    }

    /// <summary>Rule 1: a client with TLS is served on the pool, whatever its processor promises.</summary>
    [Fact]
    public async Task AClientWithTlsIsServedOnThePool()
    {
        using var certificate = _authority.Issue("localhost");
        await File.WriteAllTextAsync(_files["server.pem"], certificate.ExportCertificatePem() + "\n" + TestAuthority.KeyPem(certificate), TestContext.Current.CancellationToken);
        await using var server = await StartAsync("WhereNeverBlocking", $$""", "Tls": { "Certificate": { "Path": "{{_files["server.pem"]}}" } }""");
        using var client = await server.ConnectAsync();
        await client.SecureAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = _authority.OnlyTrusted() });
        Assert.StartsWith("pool ", await AskAsync(client), StringComparison.Ordinal);
    }

    private static async Task<string?> AskAsync(TestClient client)
    {
        Assert.Equal("and?", await client.AskAsync("where?"));
        return await client.AskAsync("go on");
    }

    private static Task<ServerProcess> StartAsync(string processor, string tls = "", string engine = "Epoll") => ServerProcess.StartTestHostAsync(
        $$"""
        "IoEngine": "{{engine}}",
        "Listeners": { "Default": { "Port": 0{{tls}} } },
        "Resources": { "Default": { "Processor": "{{processor}}", "Protocol": { "Name": "Line" } } }
        """,
        InlineCompletions);
}
