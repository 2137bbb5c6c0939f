using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace SocketSync.EndToEndTests;

/// <summary>A way in: plain TCP, TLS, behind a proxy that says who comes, or a Unix socket.</summary>
internal sealed class SoakDoor(string name, Func<Task<TestClient>> connect)
{
    public string Name => name;

    /// <summary>A fresh connection; null where it was closed at once.</summary>
    public async Task<TestClient?> ConnectAsync()
    {
        try
        {
            return await connect();
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return null;
        }
    }

    public static SoakDoor Tcp(int port) => new("tcp", () => TestClient.ConnectAsync(port));

    public static SoakDoor Unix(string path) => new("unix", () => TestClient.ConnectAsync(new UnixDomainSocketEndPoint(path)));

    public static SoakDoor Proxy(int port) => new("proxy", async () =>
    {
        var client = await TestClient.ConnectAsync(port);
        await client.SendAsync("PROXY TCP4 192.0.2.7 127.0.0.1 4711 1\r\n");
        return client;
    });

    public static SoakDoor Tls(int port, TestAuthority authority) => new("tls", async () =>
    {
        var client = await TestClient.ConnectAsync(port);
        await client.SecureAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            CertificateChainPolicy = authority.OnlyTrusted(),
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        });
        return client;
    });
}
