using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SocketSync.Tests;

/// <summary>An authority made for one test, and what it signs.</summary>
internal sealed class TlsTestAuthority : IDisposable
{
    public const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    public const string ClientUsage = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2? _issuer;

    public TlsTestAuthority(string name = "authority", TlsTestAuthority? issuer = null)
    {
        _issuer = issuer?.Certificate;
        Certificate = Create(name, issuer?.Certificate, isAuthority: true, usage: null, days: issuer is null ? 40 : 30);
    }

    public X509Certificate2 Certificate { get; }

    public string Pem => Certificate.ExportCertificatePem();

    /// <param name="usage">The extended key usage; <see langword="null"/> for a certificate without.</param>
    /// <param name="days">Valid so many days from now; negative: no longer.</param>
    public X509Certificate2 Sign(string name, string? usage = null, int days = 20) => Create(name, Certificate, isAuthority: false, usage, days);

    public void Dispose()
    {
        _issuer?.Dispose();
        Certificate.Dispose();
    }

    private static X509Certificate2 Create(string name, X509Certificate2? issuer, bool isAuthority, string? usage, int days)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, critical: true));
        if (isAuthority)
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        if (usage is not null)
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());

        var now = DateTimeOffset.UtcNow;
        var (from, to) = (now.AddDays(isAuthority && issuer is null ? -20 : -10), now.AddDays(days));
        if (issuer is null)
            return request.CreateSelfSigned(from, to);

        using var certificate = request.Create(issuer, from, to, Guid.NewGuid().ToByteArray());
        return certificate.CopyWithPrivateKey(key);
    }
}
