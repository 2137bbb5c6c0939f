using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SocketSync.Tests;

public sealed class ConfigurationTlsTests : IDisposable
{
    private const string Password = "geheim-1234";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("socketsync-");
    private readonly X509Certificate2 _certificate;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public ConfigurationTlsTests() => _certificate = new CertificateRequest("CN=test", _key, HashAlgorithmName.SHA256)
        .CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UtcNow.AddDays(1));

    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
        _directory.Delete(recursive: true);
    }

    [Fact]
    public void PemWithItsKeyInTheSameFile() =>
        Valid($"Path={Write("both.pem", _certificate.ExportCertificatePem() + "\n" + _key.ExportPkcs8PrivateKeyPem())}");

    [Fact]
    public void PemWithItsKeyInAFileOfItsOwn() =>
        Valid($"Path={CertificateFile()}; KeyPath={Write("key.pem", _key.ExportPkcs8PrivateKeyPem())}");

    [Fact]
    public void PemWithAnEncryptedKey() => Valid($"Path={CertificateFile()}; KeyPath={EncryptedKeyFile()}; Password={Password}");

    [Fact]
    public void Pfx() => Valid($"Path={PfxFile()}; Password={Password}");

    [Fact]
    public void ClientAuthority()
    {
        var file = CertificateFile();
        var options = ConfigurationText.Valid(ConfigurationText.Keys(
            $"Listeners:Default:Tls:Certificate:Path={PfxFile()}; Listeners:Default:Tls:Certificate:Password={Password}; "
            + $"Listeners:Default:Tls:ClientCertificate=require; Listeners:Default:Tls:ClientAuthority={file}"));
        Assert.Equal((ClientCertificate.Require, file), (options.Listeners["Default"].Tls!.ClientCertificate, options.Listeners["Default"].Tls!.ClientAuthority));
    }

    [Fact]
    public void AWrongPasswordIsToldAndNotShown()
    {
        Problem($"Path={PfxFile()}; Password=wrong-{Password}", "Certificate:Path", "opens with the Password given");
        Problem($"Path={PfxFile()}", "Certificate:Path", "opens without a Password, as none is given");
        Problem($"Path={CertificateFile()}; KeyPath={EncryptedKeyFile()}; Password=wrong-{Password}", "Certificate:KeyPath", "opens with the Password given");
        Problem($"Path={CertificateFile()}; KeyPath={EncryptedKeyFile()}", "Certificate:KeyPath", "without a Password");
    }

    [Fact]
    public void AKeyThatIsMissingOrForeignIsTold()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Problem($"Path={CertificateFile()}", "Certificate:Path", "holds no private key; name the PEM file that does as KeyPath");
        Problem($"Path={CertificateFile()}; KeyPath=/nowhere/key.pem", "Certificate:KeyPath", "there is no such file");
        Problem($"Path={CertificateFile()}; KeyPath={CertificateFile()}", "Certificate:KeyPath", "holds no private key");
        Problem($"Path={CertificateFile()}; KeyPath={Write("other.pem", other.ExportPkcs8PrivateKeyPem())}", "Certificate:KeyPath", "belongs to the certificate");
        Problem($"Path={PfxFile()}; Password={Password}; KeyPath=key.pem", "Certificate:KeyPath", "goes with a PEM certificate");
        Problem($"Path={Write("text.txt", "no certificate at all")}", "Certificate:Path", "must be a PEM file, or a PFX file");
        Problem($"Path={_directory.FullName}", "Certificate:Path", "the file cannot be read");
    }

    [Theory]
    [InlineData("", "must be given with ClientCertificate Require")]
    [InlineData("; Listeners:Default:Tls:ClientAuthority=/nowhere/ca.pem", "there is no such file")]
    [InlineData("; Listeners:Default:Tls:ClientAuthority=@", "must be a PEM file with at least one certificate")]
    public void RequireNeedsAnAuthority(string more, string allowed)
    {
        var problem = Assert.Single(ConfigurationText.Read(ConfigurationText.Keys(
            $"Listeners:Default:Tls:Certificate:Path={PfxFile()}; Listeners:Default:Tls:Certificate:Password={Password}; Listeners:Default:Tls:ClientCertificate=Require"
            + more.Replace("@", Write("empty.pem", ""), StringComparison.Ordinal))).Problems);
        Assert.Equal("SocketSync:Listeners:Default:Tls:ClientAuthority", problem.Key);
        Assert.Contains(allowed, problem.Allowed, StringComparison.Ordinal);
    }

    private static string Keys(string certificate) =>
        string.Join("; ", certificate.Split("; ").Select(k => "Listeners:Default:Tls:Certificate:" + k));

    private static void Valid(string certificate) => ConfigurationText.Valid(ConfigurationText.Keys(Keys(certificate)));

    private static void Problem(string certificate, string key, string allowed)
    {
        var problem = Assert.Single(ConfigurationText.Read(ConfigurationText.Keys(Keys(certificate))).Problems);
        Assert.Equal("SocketSync:Listeners:Default:Tls:" + key, problem.Key);
        Assert.Contains(allowed, problem.Allowed, StringComparison.Ordinal);
        Assert.DoesNotContain(Password, problem.ToString(), StringComparison.Ordinal);
    }

    private string CertificateFile() => Write("certificate.pem", _certificate.ExportCertificatePem());

    private string EncryptedKeyFile() => Write(
        "encrypted.pem",
        _key.ExportEncryptedPkcs8PrivateKeyPem(Password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000)));

    private string PfxFile()
    {
        var path = Path.Combine(_directory.FullName, "certificate.pfx");
        File.WriteAllBytes(path, _certificate.Export(X509ContentType.Pfx, Password));
        return path;
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }
}
