using System.Security.Cryptography;
using System.Text;

namespace SocketSync;

/// <summary>
/// The secret that makes a caller an operator. Only its hash is kept: what is compared then has the same length whatever
/// was presented, and the comparison takes the same time.
/// </summary>
internal sealed class AdminToken
{
    /// <summary>What to set, for those who are told that nothing is.</summary>
    public const string Key = "SocketSync:Admin:Token";

    private volatile byte[]? _hash;

    public AdminToken(AdminOptions options) => Configure(options);

    /// <summary>Without one nobody may steer.</summary>
    public bool IsConfigured => _hash is not null;

    /// <summary>Takes a new token, or none; the old one is worth nothing from now on.</summary>
    public void Configure(AdminOptions options) =>
        _hash = string.IsNullOrEmpty(options.Token) ? null : Hash(options.Token);

    public bool Matches(string? presented) =>
        _hash is { } hash && presented is not null && CryptographicOperations.FixedTimeEquals(hash, Hash(presented));

    private static byte[] Hash(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}
