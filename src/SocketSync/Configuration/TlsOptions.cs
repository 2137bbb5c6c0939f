namespace SocketSync;

/// <summary>TLS for a listener: its certificate, and what it asks of its clients.</summary>
public sealed class TlsOptions
{
    /// <summary>The server's certificate; required.</summary>
    public CertificateOptions? Certificate { get; init; }

    /// <summary>Whether a client must show a certificate signed by <see cref="ClientAuthority"/>.</summary>
    public ClientCertificate ClientCertificate { get; init; } = ClientCertificate.None;

    /// <summary>
    /// The path of a PEM file with the certificates of the authorities that sign clients' certificates; required with
    /// <see cref="SocketSync.ClientCertificate.Require"/>.
    /// </summary>
    public string? ClientAuthority { get; init; }
}

/// <summary>Where a certificate and its private key are. The files are read again when they change.</summary>
public sealed class CertificateOptions
{
    /// <summary>The path of a PEM or PFX (PKCS #12) file; required.</summary>
    public string? Path { get; init; }

    /// <summary>The path of a PEM file with the private key, where <see cref="Path"/> is PEM and does not hold it.</summary>
    public string? KeyPath { get; init; }

    /// <summary>The password of the PFX file or of the PEM key, where it has one. Never logged.</summary>
    [Secret]
    public string? Password { get; init; }
}

/// <summary>What a listener asks of its clients during the TLS handshake.</summary>
public enum ClientCertificate
{
    /// <summary>No certificate is asked for.</summary>
    None,

    /// <summary>A client without a certificate of the authority is refused.</summary>
    Require,
}

/// <summary>Whether what a listener's TLS section names can be used. A password is never shown.</summary>
internal static class TlsRules
{
    public static void Check(ConfigurationFindings findings, string path, TlsOptions? tls)
    {
        if (tls is null)
        {
            // Whoever wrote the key means TLS, whatever became of what was to stand below it.
            if (findings.Sections.Contains(path) && !findings.IsFaultyBelow(path)) ReportMissing(findings, path);
            return;
        }

        if (string.IsNullOrEmpty(tls.Certificate?.Path)) ReportMissing(findings, path);
        else CheckCertificate(findings, $"{path}:{nameof(tls.Certificate)}", tls.Certificate);
        CheckAuthority(findings, $"{path}:{nameof(tls.ClientAuthority)}", tls);
    }

    private static void ReportMissing(ConfigurationFindings findings, string path) => findings.Report(
        $"{path}:{nameof(TlsOptions.Certificate)}:{nameof(CertificateOptions.Path)}",
        null,
        $"must be given: the path of a PEM or PFX file with the server's certificate; for a listener without TLS, remove {path}");

    private static void CheckCertificate(ConfigurationFindings findings, string path, CertificateOptions certificate)
    {
        try
        {
            CertificateFiles.Load(certificate).Dispose();
        }
        catch (CertificateFileException e)
        {
            var isKey = e.File == certificate.KeyPath && e.File != certificate.Path;
            findings.Report($"{path}:{(isKey ? nameof(certificate.KeyPath) : nameof(certificate.Path))}", e.File, e.Reason);
        }
    }

    private static void CheckAuthority(ConfigurationFindings findings, string key, TlsOptions tls)
    {
        if (tls.ClientAuthority is null)
        {
            if (tls.ClientCertificate == ClientCertificate.Require)
                findings.Report(key, null, "must be given with ClientCertificate Require: the path of a PEM file with the clients' authorities");
            return;
        }

        try
        {
            foreach (var authority in CertificateFiles.LoadAuthority(tls.ClientAuthority)) authority.Dispose();
        }
        catch (CertificateFileException e)
        {
            findings.Report(key, e.File, e.Reason);
        }
    }
}
