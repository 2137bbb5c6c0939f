using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace SocketSync;

/// <summary>How this node shows itself to the node it leads a client to, and knows that one: by certificates of the nodes' authority.</summary>
internal sealed class ForwardTls
{
    private readonly CertificateReloader<SslStreamCertificateContext> _certificate;
    private readonly CertificateReloader<X509Certificate2Collection> _authority;

    /// <exception cref="CertificateFileException">A file cannot be used.</exception>
    public ForwardTls(ClusterTlsOptions options, CertificatesInUse inUse, ILogger logger)
    {
        var files = options.Certificate!;
        string[] paths = string.IsNullOrEmpty(files.KeyPath) ? [files.Path!] : [files.Path!, files.KeyPath];
        _certificate = new(paths, () => Load(files), logger);
        _authority = new([options.Authority!], () => CertificateFiles.LoadAuthority(options.Authority!), logger);
        inUse.Add(_certificate.Reread);
        inUse.Add(_authority.Reread);
    }

    /// <exception cref="AuthenticationException">The other node's certificate is not of the authority, or this one's is refused.</exception>
    public async ValueTask<SslStream> AuthenticateAsync(Socket socket, CancellationToken cancellationToken)
    {
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
        try
        {
            await tls.AuthenticateAsClientAsync(Handshake(), cancellationToken);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    // Nodes find each other by address, and their certificates may carry any name: who has one of the authority is a node.
    private SslClientAuthenticationOptions Handshake()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(_authority.Current);
        return new()
        {
            TargetHost = "",
            ClientCertificateContext = _certificate.Current,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CertificateChainPolicy = policy,
            RemoteCertificateValidationCallback = static (_, _, _, errors) => (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None,
        };
    }

    private static SslStreamCertificateContext Load(CertificateOptions files)
    {
        var (certificate, chain) = CertificateFiles.Load(files);
        return SslStreamCertificateContext.Create(certificate, chain, offline: true);
    }
}
