using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SocketSync;

/// <summary>Reads certificates from PEM and PFX files.</summary>
internal static class CertificateFiles
{
    /// <param name="options">The certificate's files; <see cref="CertificateOptions.Path"/> is required.</param>
    /// <exception cref="CertificateFileException">A file cannot be read or has the wrong content.</exception>
    public static LoadedCertificate Load(CertificateOptions options)
    {
        if (string.IsNullOrEmpty(options.Path))
            throw new ArgumentException("The certificate's Path is required.", nameof(options));

        var content = Read(options.Path);
        return content.AsSpan().IndexOf("-----BEGIN "u8) >= 0 ? FromPem(options, options.Path) : FromPfx(content, options, options.Path);
    }

    /// <summary>Reads the CA certificates from a PEM file; returns at least one.</summary>
    /// <exception cref="CertificateFileException">The file cannot be read or contains no certificate.</exception>
    public static X509Certificate2Collection LoadAuthority(string path) => Certificates(path, ReadText(path));

    private static LoadedCertificate FromPem(CertificateOptions options, string path)
    {
        var pem = ReadText(path);
        var keyPath = string.IsNullOrEmpty(options.KeyPath) ? path : options.KeyPath;
        var key = keyPath == path ? pem : ReadText(keyPath);
        var chain = Certificates(path, pem);
        if (!key.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            throw new CertificateFileException(keyPath, "holds no private key in PEM form" + (keyPath == path ? "; give the file that does as KeyPath" : ""));
        if (key.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
            throw new CertificateFileException(keyPath, "is encrypted in an old form; convert it with 'openssl pkcs8 -topk8'");

        var isEncrypted = key.Contains("-----BEGIN ENCRYPTED PRIVATE KEY-----", StringComparison.Ordinal);
        if (isEncrypted && options.Password is null)
            throw new CertificateFileException(keyPath, "is encrypted, and no Password is given");

        try
        {
            var certificate = isEncrypted
                ? X509Certificate2.CreateFromEncryptedPem(pem, key, options.Password)
                : X509Certificate2.CreateFromPem(pem, key);
            chain.RemoveAt(0); // the server certificate itself
            return new LoadedCertificate(ForServer(certificate), chain);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new CertificateFileException(
                keyPath, $"must hold the private key of the first certificate in '{path}': it is another's or damaged{(isEncrypted ? ", or the Password is wrong" : "")}", e);
        }
    }

    private static LoadedCertificate FromPfx(byte[] content, CertificateOptions options, string path)
    {
        if (!string.IsNullOrEmpty(options.KeyPath))
            throw new CertificateFileException(options.KeyPath, $"goes with a certificate in PEM form, which '{path}' is not");

        try
        {
            var all = X509CertificateLoader.LoadPkcs12Collection(content, options.Password);
            var certificate = all.FirstOrDefault(c => c.HasPrivateKey)
                ?? throw new CertificateFileException(path, "holds no certificate with a private key");
            all.Remove(certificate);
            return new LoadedCertificate(certificate, all);
        }
        catch (CryptographicException e)
        {
            throw new CertificateFileException(path, $"is no PEM or PFX file, or {(options.Password is null ? "needs a Password, and none is given" : "the Password is wrong")}", e);
        }
    }

    private static X509Certificate2Collection Certificates(string path, string pem)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
        }
        catch (CryptographicException e)
        {
            throw new CertificateFileException(path, "holds a damaged certificate", e);
        }

        return certificates.Count > 0
            ? certificates
            : throw new CertificateFileException(path, "holds no certificate in PEM form");
    }

    private static X509Certificate2 ForServer(X509Certificate2 certificate)
    {
        if (!OperatingSystem.IsWindows())
            return certificate;

        // TLS on Windows cannot use a key that exists in memory only.
        using (certificate)
            return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), password: null);
    }

    private static string ReadText(string path) => System.Text.Encoding.UTF8.GetString(Read(path));

    private static byte[] Read(string path)
    {
        try
        {
            return SmallFile.Read(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CertificateFileException(path, "does not exist", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new CertificateFileException(path, $"cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}

/// <summary>A server certificate with its private key, and its intermediate certificates.</summary>
internal sealed record LoadedCertificate(X509Certificate2 Certificate, X509Certificate2Collection Chain) : IDisposable
{
    public void Dispose()
    {
        Certificate.Dispose();
        foreach (var certificate in Chain)
            certificate.Dispose();
    }
}

/// <summary>Thrown when a certificate file cannot be used. The message is one line and never contains a password.</summary>
public sealed class CertificateFileException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="file">The file's path.</param>
    /// <param name="reason">Why the file cannot be used, as a phrase that follows its path.</param>
    /// <param name="innerException">The underlying exception.</param>
    internal CertificateFileException(string file, string reason, Exception? innerException = null)
        : base($"'{file}' {reason}", innerException)
    {
        File = file;
        Reason = reason;
    }

    /// <summary>The file's path.</summary>
    public string File { get; }

    /// <summary>Why the file cannot be used, as a phrase that follows its path.</summary>
    public string Reason { get; }
}
