using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SocketSync.Tests;

/// <summary>The role in a client's certificate: one UTF8String, or none.</summary>
public class ModbusRoleTests
{
    [Theory]
    [InlineData("Operator")]
    [InlineData("Bedienerin Süd")]
    public void TheRoleIsOneText(string role)
    {
        using var certificate = Certificate(Text(role));
        Assert.Equal(role, ModbusRole.Of(certificate));
    }

    [Fact]
    public void WhatIsNoTextIsNoRole()
    {
        byte[][] others = [[], [0x0C], [0x0C, 0x05, 0x41], [0x0C, 0x00], [0x0C, 0x01, 0xFF], [0x13, 0x01, 0x41], [.. Text("A"), 0], "Operator"u8.ToArray()];
        foreach (var other in others)
        {
            using var certificate = Certificate(other);
            Assert.Null(ModbusRole.Of(certificate));
        }
    }

    [Fact]
    public void TwoRolesAreNone()
    {
        var neighbour = Convert.FromHexString("2B0601040183890C862202");
        using var issued = Certificate(new X509Extension(ModbusRole.Extension, Text("Viewer"), critical: false), new X509Extension("1.3.6.1.4.1.50316.802.2", Text("Operator"), critical: false));
        var der = issued.RawData;
        der[der.AsSpan().IndexOf(neighbour) + neighbour.Length - 1] = 1; // .NET itself issues no such certificate
        using var two = X509CertificateLoader.LoadCertificate(der);

        Assert.Equal(2, two.Extensions.Count(extension => extension.Oid!.Value == ModbusRole.Extension));
        Assert.Null(ModbusRole.Of(two));
    }

    [Fact]
    public void WithoutTheExtensionOrACertificateThereIsNone()
    {
        using var certificate = Certificate(Array.Empty<X509Extension>());
        Assert.Null(ModbusRole.Of(certificate));
        Assert.Null(ModbusRole.Of(null));
    }

    private static byte[] Text(string role)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        writer.WriteCharacterString(UniversalTagNumber.UTF8String, role);
        return writer.Encode();
    }

    private static X509Certificate2 Certificate(params byte[][] roles) =>
        Certificate([.. roles.Select(role => new X509Extension(ModbusRole.Extension, role, critical: false))]);

    private static X509Certificate2 Certificate(params X509Extension[] extensions)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=a client", key, HashAlgorithmName.SHA256);
        foreach (var extension in extensions) request.CertificateExtensions.Add(extension);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
