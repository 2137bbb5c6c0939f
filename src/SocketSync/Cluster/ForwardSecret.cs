using System.Security.Cryptography;

namespace SocketSync;

/// <summary>
/// What nodes on loopback without TLS know each other by. It comes out of their store, once this node has reached that; until then nobody
/// is let in, and no client is led to another node.
/// </summary>
internal sealed class ForwardSecret
{
    public const int Length = 32;

    private volatile byte[]? _secret;

    /// <summary>The secret; <see langword="null"/> until it is known.</summary>
    public byte[]? Value => _secret;

    /// <exception cref="ArgumentException">It does not have the right length.</exception>
    public void Set(ReadOnlySpan<byte> secret)
    {
        if (secret.Length != Length)
            throw new ArgumentException($"The secret has {Length} bytes.", nameof(secret));
        _secret = secret.ToArray();
    }

    /// <summary>Whether it is the secret; takes the same time wherever it differs.</summary>
    public bool Matches(ReadOnlySpan<byte> presented) => _secret is { } secret && CryptographicOperations.FixedTimeEquals(secret, presented);
}
