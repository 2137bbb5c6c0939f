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

    /// <summary>For the side that was connected to.</summary>
    public SslServerAuthenticationOptions Server() => new()
    {
        ServerCertificateContext = _own.Current,
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        CertificateChainPolicy = Policy(),
        RemoteCertificateValidationCallback = static (_, _, _, errors) => errors == SslPolicyErrors.None,
    };

    /// <summary>For the side that connects. The name is not looked at: whoever has a certificate of the authority is a node.</summary>
    public SslClientAuthenticationOptions Client() => new()
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
