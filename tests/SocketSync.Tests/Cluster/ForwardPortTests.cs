using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging;

namespace SocketSync.Tests;

/// <summary>The port that takes the clients of other nodes takes nobody else.</summary>
public sealed class ForwardPortTests : IDisposable
{
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("socketsync-");
    private readonly TlsTestAuthority _authority = new("nodes");

    public void Dispose()
    {
        _authority.Dispose();
        _files.Delete(recursive: true);
    }

    public static TheoryData<string, string> Strangers => new()
    {
        { "GET / HTTP/1.1\r\n\r\n", "it does not speak as a node" },
        { "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nhello\n", "it does not speak as a node" },
        { "\r\n\r\n\0\r\nQUIT\n\x21\x00\x00\x00hello\n", "it does not speak as a node" },
        { "\r\n\r\n\0\r\nQUIT\n\x21\x00\xFF\xFF", "it does not speak as a node" }, // longer than allowed
        { "\0\0\0\x05hello", "it does not speak as a node" },
    };

    [Theory, MemberData(nameof(Strangers))]
    public async Task AForeignProtocolIsClosedAndToldInOneLine(string bytes, string reason)
    {
        await using var pair = await ForwardPair.StartAsync();
        for (var i = 0; i < 3; i++)
        {
            using var stranger = await LineClient.ConnectAsync(pair.Owner.Forward.Port);
            await stranger.SendAsync(bytes);
            await AssertClosed(stranger);
        }

        await AssertTold(pair.Owner, reason);
        using var client = await pair.ConnectAsync();
        Assert.Equal("hello", await client.AskAsync("hello"));
    }

    [Fact]
    public async Task WhoDoesNotKnowTheSecretIsClosedAndToldInOneLine()
    {
        await using var pair = await ForwardPair.StartAsync();
        byte[][] secrets = [new byte[ForwardSecret.Length - 1], [.. new byte[ForwardSecret.Length - 1], 1], []];
        foreach (var secret in secrets)
        {
            using var stranger = await LineClient.ConnectAsync(pair.Owner.Forward.Port);
            await stranger.SendAsync(Encoding.Latin1.GetString(Header(secret)) + "hello\n");
            await AssertClosed(stranger);
        }

        await AssertTold(pair.Owner, "it does not know the secret of the nodes");
    }

    [Fact]
    public async Task ANodeOfAnotherVersionIsUnderstood()
    {
        await using var pair = await ForwardPair.StartAsync();
        using var node = await LineClient.ConnectAsync(pair.Owner.Forward.Port);
        var header = Header(new byte[ForwardSecret.Length], version: 2);
        byte[] unknown = [0xEF, 0, 3, 1, 2, 3];
        var length = header.Length - 16 + unknown.Length;
        (header[14], header[15]) = ((byte)(length >> 8), (byte)length);
        await node.SendAsync(Encoding.Latin1.GetString([.. header, .. unknown]) + "hello\n");
        Assert.Equal("\u0001\0\0\u0001\0\0\0\u0006hello", await node.ReadLineAsync());
    }

    [Fact]
    public void WithoutASecretNobodyIsTaken()
    {
        var secret = new ForwardSecret();
        Assert.False(secret.Matches(default));
        Assert.False(secret.Matches(new byte[ForwardSecret.Length]));
        secret.Set(new byte[ForwardSecret.Length]);
        Assert.True(secret.Matches(new byte[ForwardSecret.Length]));
        Assert.False(secret.Matches(new byte[ForwardSecret.Length + 1]));
        Assert.Throws<ArgumentException>(() => secret.Set([1]));
    }

    [Fact]
    public async Task APortInUseEndsTheStartInOneLine()
    {
        using var other = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        other.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        other.Listen();
        var port = ((IPEndPoint)other.LocalEndPoint!).Port;
        var error = await Assert.ThrowsAsync<SocketSyncStartupException>(() => ForwardNode.StartAsync(
            "a", new FakePlaces(), "\"Listeners\": { \"L\": { \"Port\": 0, \"Resource\": \"R\" } }, \"Resources\": { \"R\": { } }", forwardPort: port));
        Assert.Equal([$"SocketSync:Cluster:ForwardPort: '{port}': 127.0.0.1:{port} is already in use"], error.Problems);
    }

    /// <summary>Certificates are those of the nodes between the nodes, and the clients' own at the owner.</summary>
    [Fact]
    public async Task NodesWithCertificatesLeadClientsWithCertificates()
    {
        WriteNode();
        var role = new X509Extension(ModbusRole.Extension, [0x0C, 3, (byte)'O', (byte)'p', (byte)'s'], critical: false);
        await using var pair = await ForwardPair.StartAsync(
            """ "Access": [{ "Roles": ["Ops"], "Allow": true }, { "Allow": false }] """,
            listener: $"\"Tls\": {{ \"Certificate\": {{ \"Path\": \"{Path("node.pem")}\" }}, \"ClientCertificate\": \"Require\", \"ClientAuthority\": \"{Path("ca.pem")}\" }}",
            cluster: NodesTls());
        Assert.Equal("hello", await AskAsync(role));
        Assert.StartsWith("ERROR denied", await AskAsync(null), StringComparison.Ordinal);

        async Task<string?> AskAsync(X509Extension? extension)
        {
            using var certificate = Sign("client", extension);
            using var client = await pair.ConnectAsync();
            await using var tls = new SslStream(new NetworkStream(client.Socket));
            await tls.AuthenticateAsClientAsync(Showing(certificate), TestContext.Current.CancellationToken);
            await tls.WriteAsync("hello\n"u8.ToArray(), TestContext.Current.CancellationToken);
            using var reader = new StreamReader(tls, leaveOpen: true);
            return await reader.ReadLineAsync(TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task AHalfCloseAndAResetPassThroughTlsToo()
    {
        WriteNode();
        var processor = new HeldProcessor();
        await using var pair = await ForwardPair.StartWithAsync(processor, cluster: NodesTls());
        using var first = await pair.ConnectAndHoldAsync("first");
        using var second = await pair.ConnectAndWaitAsync("second", 1);
        using var third = await pair.ConnectAndWaitAsync("third", 2);
        second.Reset();
        await pair.UntilWaiting(1);
        third.EndStream();
        processor.LetGo(3);
        Assert.Equal("done first", await first.ReadLineAsync());
        Assert.Equal("done third", await third.ReadLineAsync());
        Assert.Null(await third.ReadLineAsync());
        Assert.Equal(["first", "third"], processor.Served);
    }

    [Fact]
    public async Task ANodeWithACertificateOfAnotherAuthorityIsRefusedAndTold()
    {
        WriteNode();
        await using var pair = await ForwardPair.StartAsync(cluster: NodesTls());
        using var others = new TlsTestAuthority("others");
        using var certificate = others.Sign("node");
        using var stranger = await LineClient.ConnectAsync(pair.Owner.Forward.Port);
        await using var tls = new SslStream(new NetworkStream(stranger.Socket));
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            await tls.AuthenticateAsClientAsync(Showing(certificate), TestContext.Current.CancellationToken);
            await tls.WriteAsync(Header([]), TestContext.Current.CancellationToken);
            Assert.Equal(0, await tls.ReadAsync(new byte[1], TestContext.Current.CancellationToken));
            throw new IOException("closed");
        });
        await SyncHost.Until(() => pair.Owner.Logs.Of(LogLevel.Warning).Any(line => line.Text.StartsWith("TLS: a client from 127.0.0.1 is refused", StringComparison.Ordinal)), "it is told");
    }

    /// <summary>What a client needs that trusts the nodes' authority, and shows a certificate.</summary>
    private SslClientAuthenticationOptions Showing(X509Certificate2 certificate)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.Add(_authority.Certificate);
        return new() { TargetHost = "localhost", ClientCertificates = [certificate], CertificateChainPolicy = policy };
    }

    private static byte[] Header(byte[] secret, int version = ForwardHeader.CurrentVersion) => new ForwardHeader
    {
        Node = "x", Listener = "L", ConnectionId = "x-1", Resource = "R", Client = new IPEndPoint(IPAddress.Loopback, 1), Secret = secret, Version = version,
    }.Write()!;

    private static async Task AssertClosed(LineClient stranger)
    {
        try
        {
            Assert.Equal(0, await stranger.CountToEndAsync());
        }
        catch (SocketException error)
        {
            Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
        }
    }

    private static async Task AssertTold(ForwardNode node, string reason)
    {
        var line = $"The port for other nodes: a connection from 127.0.0.1 is closed: {reason}";
        await SyncHost.Until(() => node.Logs.Of(LogLevel.Warning).Any(told => told.Text == line), "it is told");
        Assert.Single(node.Logs.Of(LogLevel.Warning), told => told.Text.StartsWith("The port for other nodes", StringComparison.Ordinal));
        Assert.Empty(node.Logs.Of(LogLevel.Error));
    }

    private string NodesTls() => $"\"Tls\": {{ \"Certificate\": {{ \"Path\": \"{Path("node.pem")}\" }}, \"Authority\": \"{Path("ca.pem")}\" }}";

    private void WriteNode()
    {
        using var node = _authority.Sign("node");
        File.WriteAllText(Path("node.pem"), node.ExportCertificatePem() + "\n" + node.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path("ca.pem"), _authority.Pem);
    }

    private X509Certificate2 Sign(string name, X509Extension? extension)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        if (extension is not null)
            request.CertificateExtensions.Add(extension);
        using var signed = request.Create(_authority.Certificate, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1), [1, 2, 3]);
        return signed.CopyWithPrivateKey(key);
    }

    private string Path(string name) => System.IO.Path.Combine(_files.FullName, name);
}
