using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>
/// This node's certificate and the authority of the cluster, as TLS in both directions wants them. Read again when the files change.
/// </summary>
internal sealed class NodeCertificates
{
    private static readonly byte[] Greeting = "SocketSync node 1\n"u8.ToArray();

    private readonly CertificateReloader<SslStreamCertificateContext> _own;
    private readonly CertificateReloader<X509Certificate2Collection> _authority;

    /// <exception cref="CertificateFileException">A file cannot be used.</exception>
    public NodeCertificates(ClusterTlsOptions options, CertificatesInUse inUse, ILogger logger)
    {
        var files = options.Certificate!;
        string[] paths = string.IsNullOrEmpty(files.KeyPath) ? [files.Path!] : [files.Path!, files.KeyPath];
        _own = new(paths, () => Load(files), logger);
        _authority = new([options.Authority!], () => CertificateFiles.LoadAuthority(options.Authority!), logger);
        inUse.Add(_own.Reread);
        inUse.Add(_authority.Reread);
    }

    /// <summary>Shakes hands with a node that has connected.</summary>
    /// <exception cref="AuthenticationException">It is no node of this cluster.</exception>
    public async Task AcceptAsync(SslStream stream, CancellationToken cancellationToken)
    {
        await stream.AuthenticateAsServerAsync(Server(), cancellationToken);
        await GreetAsync(stream, cancellationToken);
    }

    /// <summary>Shakes hands with a node that was connected to, which has accepted this one's certificate by the end.</summary>
    /// <exception cref="AuthenticationException">One of the two is no node of the other's cluster.</exception>
    public async Task ConnectAsync(SslStream stream, CancellationToken cancellationToken)
    {
        await stream.AuthenticateAsClientAsync(Client(), cancellationToken);
        try
        {
            await GreetAsync(stream, cancellationToken);
        }
        catch (IOException exception)
        {
            // With TLS 1.3 a client learns by its first read what has become of its certificate (RFC 8446, section 4.4.2.4).
            throw new AuthenticationException("this node's certificate is refused", exception);
        }
    }

    private static async Task GreetAsync(SslStream stream, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(Greeting, cancellationToken);
        await stream.FlushAsync(cancellationToken);
        var greeting = new byte[Greeting.Length];
        await stream.ReadExactlyAsync(greeting, cancellationToken);
        if (!greeting.AsSpan().SequenceEqual(Greeting))
            throw new AuthenticationException("it speaks another language");
    }

    private SslServerAuthenticationOptions Server() => new()
    {
        ServerCertificateContext = _own.Current,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = Policy(),
        RemoteCertificateValidationCallback = static (_, _, _, errors) => errors == SslPolicyErrors.None,
    };

    // The name is not looked at: whoever has a certificate of the authority is a node.
    private SslClientAuthenticationOptions Client() => new()
    {
        TargetHost = "",
        ClientCertificateContext = _own.Current,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = Policy(),
        RemoteCertificateValidationCallback = static (_, _, _, errors) => (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None,
    };

    private X509ChainPolicy Policy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(_authority.Current);
        return policy;
    }

    private static SslStreamCertificateContext Load(CertificateOptions files)
    {
        var (certificate, chain) = CertificateFiles.Load(files);
        return SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }
}
