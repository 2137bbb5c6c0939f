using System.Security.Authentication;
using System.Security.Cryptography;

namespace SocketSync;

/// <summary>
/// Shows both ends of a connection that the other knows the cluster's secret, without telling it: each sends a random number, and
/// answers the other's by a MAC (HMAC-SHA-256, RFC 2104) over both numbers and its own side. Enough on loopback, where nobody but root
/// can read or change what follows.
/// </summary>
internal static class SecretHandshake
{
    private const int NonceBytes = 32;
    private static readonly byte[] Greeting = "SocketSync node 1\n"u8.ToArray();

    /// <exception cref="AuthenticationException">The other end does not know the secret.</exception>
    public static async Task RunAsync(Stream stream, byte[] secret, bool isServer, CancellationToken cancellationToken)
    {
        var own = RandomNumberGenerator.GetBytes(NonceBytes);
        await stream.WriteAsync((byte[])[.. Greeting, .. own], cancellationToken);
        await stream.FlushAsync(cancellationToken);
        var hello = await ReadAsync(stream, Greeting.Length + NonceBytes, cancellationToken);
        if (!hello.AsSpan(0, Greeting.Length).SequenceEqual(Greeting))
            throw new AuthenticationException("it speaks another language");
        var other = hello[Greeting.Length..];
        if (other.AsSpan().SequenceEqual(own))
            throw new AuthenticationException("it sends back what it gets");

        await stream.WriteAsync(Proof(secret, isServer, own, other), cancellationToken);
        await stream.FlushAsync(cancellationToken);
        var proof = await ReadAsync(stream, HMACSHA256.HashSizeInBytes, cancellationToken);
        if (!CryptographicOperations.FixedTimeEquals(proof, Proof(secret, !isServer, other, own)))
            throw new AuthenticationException("it does not know the secret that the nodes share through the store");
    }

    private static byte[] Proof(byte[] secret, bool isServer, byte[] own, byte[] other) =>
        HMACSHA256.HashData(secret, (byte[])[.. isServer ? "server"u8 : "client"u8, .. own, .. other]);

    private static async Task<byte[]> ReadAsync(Stream stream, int count, CancellationToken cancellationToken)
    {
        var bytes = new byte[count];
        try
        {
            await stream.ReadExactlyAsync(bytes, cancellationToken);
        }
        catch (EndOfStreamException exception)
        {
            throw new IOException("The other end has hung up.", exception);
        }

        return bytes;
    }
}
