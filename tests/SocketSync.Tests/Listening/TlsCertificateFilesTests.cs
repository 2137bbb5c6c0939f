using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SocketSync.Tests;

public sealed class TlsCertificateFilesTests : IDisposable
{
    private const string Password = "opensesame";

    private readonly string _directory = Directory.CreateTempSubdirectory("sync").FullName;
    private readonly TlsTestAuthority _authority = new();
    private readonly X509Certificate2 _certificate;

    public TlsCertificateFilesTests() => _certificate = _authority.Sign("server");

    [Fact]
    public void PemWithItsKeyInAnotherFile() => Check(new CertificateOptions
    {
        Path = Write("c.pem", _certificate.ExportCertificatePem()),
        KeyPath = Write("k.pem", Key),
    });

    [Fact]
    public void PemWithBothAndTheChain()
    {
        var loaded = Check(new CertificateOptions { Path = Write("c.pem", Key + "\n" + _certificate.ExportCertificatePem() + "\n" + _authority.Pem) });
        Assert.Equal(_authority.Certificate.Thumbprint, Assert.Single(loaded.Chain).Thumbprint);
    }

    [Fact]
    public void PemWithAnEncryptedKey() => Check(new CertificateOptions
    {
        Path = Write("c.pem", _certificate.ExportCertificatePem()),
        KeyPath = Write("k.pem", EncryptedKey),
        Password = Password,
    });

    [Fact]
    public void APasswordThatIsNotNeededDoesNoHarm() =>
        Check(new CertificateOptions { Path = Write("c.pem", Key + "\n" + _certificate.ExportCertificatePem()), Password = Password });

    [Fact]
    public void PfxWithItsChain()
    {
        var all = new X509Certificate2Collection { X509Certificate2.CreateFromPem(_authority.Pem), _certificate };
        File.WriteAllBytes(At("c.pfx"), all.Export(X509ContentType.Pfx, Password)!);
        var loaded = Check(new CertificateOptions { Path = At("c.pfx"), Password = Password });
        Assert.Equal(_authority.Certificate.Thumbprint, Assert.Single(loaded.Chain).Thumbprint);
    }

    [Fact]
    public void PfxWithoutAPassword()
    {
        File.WriteAllBytes(At("c.pfx"), _certificate.Export(X509ContentType.Pfx));
        Check(new CertificateOptions { Path = At("c.pfx") });
    }

    [Fact]
    public void WhatIsWrongIsToldInOneLineWithoutThePassword()
    {
        var certificate = Write("c.pem", _certificate.ExportCertificatePem());
        var key = Write("k.pem", Key);
        using var other = _authority.Sign("other");
        File.WriteAllBytes(At("c.pfx"), _certificate.Export(X509ContentType.Pfx, "another"));
        File.WriteAllBytes(At("nokey.pfx"), X509Certificate2.CreateFromPem(_authority.Pem).Export(X509ContentType.Pfx, Password));

        Says(new() { Path = At("none.pem") }, $"'{At("none.pem")}' does not exist");
        Says(new() { Path = certificate, KeyPath = At("none.pem") }, $"'{At("none.pem")}' does not exist");
        Says(new() { Path = _directory }, $"'{_directory}' cannot be read: ");
        Says(new() { Path = certificate }, $"'{certificate}' holds no private key in PEM form; give the file that does as KeyPath");
        Says(new() { Path = key }, $"'{key}' holds no certificate in PEM form");
        Says(new() { Path = certificate, KeyPath = Write("o.pem", other.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()) }, $"'{At("o.pem")}' must hold the private key of the first certificate in '{certificate}'");
        Says(new() { Path = certificate, KeyPath = Write("e.pem", EncryptedKey), Password = "not it" }, "or the Password is wrong");
        Says(new() { Path = certificate, KeyPath = Write("e.pem", EncryptedKey) }, $"'{At("e.pem")}' is encrypted, and no Password is given");
        Says(new() { Path = At("c.pfx"), Password = "not it" }, $"'{At("c.pfx")}' is no PEM or PFX file, or the Password is wrong");
        Says(new() { Path = At("nokey.pfx"), Password = Password }, $"'{At("nokey.pfx")}' holds no certificate with a private key");
        Says(new() { Path = At("c.pfx"), KeyPath = key }, $"'{key}' goes with a certificate in PEM form, which '{At("c.pfx")}' is not");
        Says(new() { Path = Write("text", "hello") }, $"'{At("text")}' is no PEM or PFX file, or needs a Password, and none is given");
        Says(new() { Path = Write("bad.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), KeyPath = key }, $"'{At("bad.pem")}' holds a damaged certificate");
    }

    [Fact]
    public void AnAuthorityFileHoldsOneOrMore()
    {
        using var second = new TlsTestAuthority("second");
        Assert.Equal(2, CertificateFiles.LoadAuthority(Write("ca.pem", _authority.Pem + "\n" + second.Pem)).Count);

        var empty = Write("empty.pem", "");
        Assert.Equal($"'{empty}' holds no certificate in PEM form", Assert.Throws<CertificateFileException>(() => CertificateFiles.LoadAuthority(empty)).Message);
        Assert.Equal($"'{At("no")}' does not exist", Assert.Throws<CertificateFileException>(() => CertificateFiles.LoadAuthority(At("no"))).Message);
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private string Key => _certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();

    private string EncryptedKey => _certificate.GetECDsaPrivateKey()!.ExportEncryptedPkcs8PrivateKeyPem(
        Password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));

    private string At(string name) => Path.Combine(_directory, name);

    private string Write(string name, string text)
    {
        File.WriteAllText(At(name), text);
        return At(name);
    }

    private LoadedCertificate Check(CertificateOptions options)
    {
        var loaded = CertificateFiles.Load(options);
        Assert.Equal(_certificate.Thumbprint, loaded.Certificate.Thumbprint);
        Assert.True(loaded.Certificate.HasPrivateKey);
        return loaded;
    }

    private static void Says(CertificateOptions options, string words)
    {
        var error = Assert.Throws<CertificateFileException>(() => CertificateFiles.Load(options));
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        if (options.Password is { } password)
            Assert.DoesNotContain(password, error.ToString(), StringComparison.Ordinal);
    }
}
