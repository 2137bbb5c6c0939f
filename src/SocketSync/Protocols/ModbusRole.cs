using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SocketSync;

/// <summary>
/// The role of a client, "MODBUS/TCP Security Protocol Specification": an extension of the client's
/// certificate, one UTF8String.
/// </summary>
internal static class ModbusRole
{
    public const string Extension = "1.3.6.1.4.1.50316.802.1";

    /// <summary>The role; <see langword="null"/> if the certificate carries none, more than one, or something else in its place.</summary>
    public static string? Of(X509Certificate2? certificate)
    {
        if (certificate is null) return null;
        byte[]? role = null;
        foreach (var extension in certificate.Extensions)
        {
            if (!string.Equals(extension.Oid?.Value, Extension, StringComparison.Ordinal)) continue;
            if (role is not null) return null;
            role = extension.RawData;
        }

        return role is null ? null : Read(role);
    }

    private static string? Read(byte[] der)
    {
        try
        {
            var reader = new AsnReader(der, AsnEncodingRules.DER);
            var role = reader.ReadCharacterString(UniversalTagNumber.UTF8String);
            reader.ThrowIfNotEmpty();
            return role.Length == 0 ? null : role;
        }
        catch (Exception exception) when (exception is AsnContentException or CryptographicException)
        {
            return null;
        }
    }
}
