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
