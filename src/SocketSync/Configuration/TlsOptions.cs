namespace SocketSync;

/// <summary>TLS settings of a listener: its certificate, and whether its clients need one.</summary>
public sealed class TlsOptions
{
    /// <summary>The server's certificate; required.</summary>
    public CertificateOptions? Certificate { get; init; }

    /// <summary>Whether a client must present a certificate signed by <see cref="ClientAuthority"/>.</summary>
    public ClientCertificate ClientCertificate { get; init; } = ClientCertificate.None;

    /// <summary>
    /// The path of a PEM file with the CA certificates that sign client certificates; required with
    /// <see cref="SocketSync.ClientCertificate.Require"/>.
    /// </summary>
    public string? ClientAuthority { get; init; }
}

/// <summary>The files of a certificate and its private key. They are reloaded when they change.</summary>
public sealed class CertificateOptions
{
    /// <summary>The path of a PEM or PFX (PKCS #12) file; required.</summary>
    public string? Path { get; init; }

    /// <summary>The path of a PEM file with the private key, if <see cref="Path"/> is a PEM file without it.</summary>
    public string? KeyPath { get; init; }

    /// <summary>The password of the PFX file or of the PEM key, if it has one. Never logged.</summary>
    [Secret]
    public string? Password { get; init; }
}

/// <summary>What a listener requires of its clients in the TLS handshake.</summary>
public enum ClientCertificate
{
    /// <summary>No certificate is requested.</summary>
    None,

    /// <summary>A client without a certificate signed by the authority is refused.</summary>
    Require,
}

/// <summary>Checks whether the files in a listener's TLS section can be used. A password is never shown.</summary>
internal static class TlsRules
{
    public static void Check(ConfigurationFindings findings, string path, TlsOptions? tls)
    {
        if (tls is null)
        {
            // If the section exists, TLS is wanted, even if no setting in it could be bound.
            if (findings.Sections.Contains(path) && !findings.IsFaultyBelow(path)) ReportMissing(findings, path);
            return;
        }

        if (string.IsNullOrEmpty(tls.Certificate?.Path)) ReportMissing(findings, path);
        else CheckCertificate(findings, $"{path}:{nameof(tls.Certificate)}", tls.Certificate);
        CheckClients(findings, $"{path}:{nameof(tls.ClientAuthority)}", tls);
    }

    private static void ReportMissing(ConfigurationFindings findings, string path) => findings.Report(
        $"{path}:{nameof(TlsOptions.Certificate)}:{nameof(CertificateOptions.Path)}",
        null,
        $"must be given: the path of a PEM or PFX file with the server's certificate; for a listener without TLS, remove {path}");

    public static void CheckCertificate(ConfigurationFindings findings, string path, CertificateOptions certificate)
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

    private static void CheckClients(ConfigurationFindings findings, string key, TlsOptions tls)
    {
        if (tls.ClientAuthority is null)
        {
            if (tls.ClientCertificate == ClientCertificate.Require)
                findings.Report(key, null, "must be given with ClientCertificate Require: the path of a PEM file with the clients' authorities");
            return;
        }

        CheckAuthority(findings, key, tls.ClientAuthority);
    }

    public static void CheckAuthority(ConfigurationFindings findings, string key, string path)
    {
        try
        {
            foreach (var authority in CertificateFiles.LoadAuthority(path)) authority.Dispose();
        }
        catch (CertificateFileException e)
        {
            findings.Report(key, e.File, e.Reason);
        }
    }
}
