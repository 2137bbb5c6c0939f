using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SocketSync;

/// <summary>Whether what a listener's TLS section names can be used. A password is never shown.</summary>
internal static class ConfigurationTlsRules
{
    public static void Check(ConfigurationFindings findings, string path, TlsOptions? tls)
    {
        if (tls is null) return;
        CheckCertificate(findings, $"{path}:{nameof(tls.Certificate)}", tls.Certificate ?? new());
        CheckAuthority(findings, $"{path}:{nameof(tls.ClientAuthority)}", tls);
    }

    private static void CheckCertificate(ConfigurationFindings findings, string path, CertificateOptions certificate)
    {
        var pathKey = $"{path}:{nameof(certificate.Path)}";
        if (certificate.Path is null)
        {
            findings.Report(pathKey, null, "must be given: the path of a PEM or PFX file with the server's certificate");
            return;
        }

        if (!TryRead(findings, pathKey, certificate.Path, out var text)) return;

        if (!IsPem(text)) CheckPfx(findings, path, certificate);
        else if (certificate.KeyPath is null) CheckPem(findings, pathKey, certificate.Path, text, certificate);
        else if (TryRead(findings, $"{path}:{nameof(certificate.KeyPath)}", certificate.KeyPath, out var key))
            CheckPem(findings, $"{path}:{nameof(certificate.KeyPath)}", certificate.KeyPath, key, certificate);
    }

    private static void CheckPfx(ConfigurationFindings findings, string path, CertificateOptions certificate)
    {
        var pathKey = $"{path}:{nameof(certificate.Path)}";
        if (certificate.KeyPath is not null)
            findings.Report($"{path}:{nameof(certificate.KeyPath)}", certificate.KeyPath, "goes with a PEM certificate; a PFX file holds its own key");
        try
        {
            using var loaded = X509CertificateLoader.LoadPkcs12FromFile(certificate.Path!, certificate.Password);
            if (!loaded.HasPrivateKey) findings.Report(pathKey, certificate.Path, "holds no private key");
        }
        catch (CryptographicException)
        {
            findings.Report(pathKey, certificate.Path, $"must be a PEM file, or a PFX file that opens {WithPassword(certificate)}");
        }
    }

    private static void CheckPem(
        ConfigurationFindings findings, string key, string keyFile, string keyText, CertificateOptions certificate)
    {
        if (!keyText.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
        {
            findings.Report(key, keyFile, "holds no private key; name the PEM file that does as KeyPath");
            return;
        }

        try
        {
            using var loaded = keyText.Contains("ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal)
                ? X509Certificate2.CreateFromEncryptedPemFile(certificate.Path!, certificate.Password, certificate.KeyPath)
                : X509Certificate2.CreateFromPemFile(certificate.Path!, certificate.KeyPath);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            findings.Report(key, keyFile, $"must be a PEM file whose key opens {WithPassword(certificate)} and belongs to the certificate");
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

        if (!TryRead(findings, key, tls.ClientAuthority, out var pem)) return;
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(pem);
            if (authorities.Count > 0) return;
        }
        catch (CryptographicException)
        {
            // Told below, like a file without any certificate.
        }

        findings.Report(key, tls.ClientAuthority, "must be a PEM file with at least one certificate");
    }

    private static bool TryRead(ConfigurationFindings findings, string key, string file, out string text)
    {
        text = "";
        try
        {
            text = File.ReadAllText(file);
            return true;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            findings.Report(key, file, "there is no such file");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            findings.Report(key, file, "the file cannot be read; its permissions must let this process read it");
        }

        return false;
    }

    private static bool IsPem(string text) => text.Contains("-----BEGIN ", StringComparison.Ordinal);

    private static string WithPassword(CertificateOptions certificate) =>
        certificate.Password is null ? "without a Password, as none is given" : "with the Password given";
}
