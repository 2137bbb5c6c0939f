using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;

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
        Problem($"Path={PfxFile()}; Password=wrong-{Password}", "Certificate:Path", "or the Password is wrong");
        Problem($"Path={PfxFile()}", "Certificate:Path", "needs a Password, and none is given");
        Problem($"Path={CertificateFile()}; KeyPath={EncryptedKeyFile()}; Password=wrong-{Password}", "Certificate:KeyPath", "or the Password is wrong");
        Problem($"Path={CertificateFile()}; KeyPath={EncryptedKeyFile()}", "Certificate:KeyPath", "is encrypted, and no Password is given");
    }

    [Fact]
    public void AKeyThatIsMissingOrForeignIsTold()
    {
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        Problem($"Path={CertificateFile()}", "Certificate:Path", "holds no private key in PEM form; give the file that does as KeyPath");
        Problem($"Path={CertificateFile()}; KeyPath=/nowhere/key.pem", "Certificate:KeyPath", "does not exist");
        Problem($"Path={CertificateFile()}; KeyPath={Write("copy.pem", _certificate.ExportCertificatePem())}", "Certificate:KeyPath", "holds no private key");
        Problem($"Path={CertificateFile()}; KeyPath={Write("other.pem", other.ExportPkcs8PrivateKeyPem())}", "Certificate:KeyPath", "must hold the private key of the first certificate in");
        Problem($"Path={PfxFile()}; Password={Password}; KeyPath=key.pem", "Certificate:KeyPath", "goes with a certificate in PEM form, which");
        Problem($"Path={Write("text.txt", "no certificate at all")}", "Certificate:Path", "is no PEM or PFX file");
        Problem($"Path={_directory.FullName}", "Certificate:Path", "cannot be read: ");
    }

    [Theory]
    [InlineData("", "must be given with ClientCertificate Require")]
    [InlineData("; Listeners:Default:Tls:ClientAuthority=/nowhere/ca.pem", "does not exist")]
    [InlineData("; Listeners:Default:Tls:ClientAuthority=@", "holds no certificate in PEM form")]
    public void RequireNeedsAnAuthority(string more, string allowed)
    {
        var problem = Assert.Single(ConfigurationText.Read(ConfigurationText.Keys(
            $"Listeners:Default:Tls:Certificate:Path={PfxFile()}; Listeners:Default:Tls:Certificate:Password={Password}; Listeners:Default:Tls:ClientCertificate=Require"
            + more.Replace("@", Write("empty.pem", ""), StringComparison.Ordinal))).Problems);
        Assert.Equal("SocketSync:Listeners:Default:Tls:ClientAuthority", problem.Key);
        Assert.Contains(allowed, problem.Allowed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ }""")]
    [InlineData("null")]
    [InlineData("\"\"")]
    [InlineData("""{ "Certificate": { } }""")]
    [InlineData("""{ "Certificate": { "Path": null } }""")]
    [InlineData("""{ "Certificate": { "Path": "" } }""")]
    [InlineData("""{ "ClientCertificate": "None" }""")]
    public void TlsWithoutACertificateIsNeverPlainText(string tls) => Refused(ConfigurationText.Json(
        $$"""{ "SocketSync": { "Listeners": { "Default": { "Tls": {{tls}} } } } }"""));

    [Fact]
    public void AnEmptyVariableForTlsIsNeverPlainText() => Refused(ConfigurationText.Keys("Listeners:Default:Tls="));

    [Fact]
    public void WithoutTheKeyThereIsNoTls() =>
        Assert.Null(ConfigurationText.Valid(ConfigurationText.Keys("Listeners:Default:Port=1")).Listeners["Default"].Tls);

    private static void Refused(IConfiguration configuration) => Assert.Equal(
        "SocketSync:Listeners:Default:Tls:Certificate:Path: must be given: the path of a PEM or PFX file with the server's certificate; "
        + "for a listener without TLS, remove SocketSync:Listeners:Default:Tls",
        Assert.Single(ConfigurationText.Read(configuration).Problems).ToString());

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
